using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.Reservations;
using Events.Commands.Workspaces;
using Events.EventStore;

namespace Events.Workers.Imports.Running;

/// <summary>Defines in the workspace the labels that rows carry, as far as it takes more; on a task a label needs no definition.</summary>
internal sealed class ImportLabels(AccessDirectory directory, WorkspaceCommands workspaces)
{
    private static readonly string[] Colors = ["#2563eb", "#16a34a", "#d97706", "#dc2626", "#7c3aed", "#0891b2", "#db2777", "#65a30d"];

    public async Task DefineAsync(ImportRecord import, IEnumerable<string> names, CancellationToken ct)
    {
        var workspace = await directory.WorkspaceAsync(import.Tenant, ct);
        if (!workspace.Exists)
            return;
        var defined = workspace.Labels.Values.Select(static label => label.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var room = WorkspaceLimits.Labels - defined.Count;
        foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase).Where(name => name.Length <= WorkspaceLimits.LabelName && !defined.Contains(name)).Take(room))
        {
            var color = Colors[name.Sum(static c => c) % Colors.Length];
            var command = new DefineLabel(ReservedName.StreamOf($"imported-label:{name.ToUpperInvariant()}"), name, color, null);
            var context = new CommandContext(import.Tenant, import.RequestedBy) { CorrelationId = import.Id.ToString("D") };
            // Refused when somebody defined it meanwhile: then it is there.
            await workspaces.RunAsync(context, command, static _ => throw new InvalidOperationException("There is no idempotency key."), ct);
        }
    }
}

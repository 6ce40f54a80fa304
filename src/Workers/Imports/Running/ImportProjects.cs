using System.Text;
using Events.Commands.Deciding;
using Events.Commands.Handling;
using Events.Commands.Projects;
using Events.Commands.Reservations;
using Events.EventStore;

namespace Events.Workers.Imports.Running;

/// <summary>The project that an import goes into: a given one, or one named after the file.</summary>
internal sealed class ImportProjects(AggregateLoader<ProjectState> projects, ProjectCommands commands)
{
    private const int MaxKeysTried = 99;

    /// <exception cref="Reading.UnreadableFileException">There is no such project, it is archived, or no key is free.</exception>
    public async Task<TargetProject> ResolveAsync(ImportRecord import, CancellationToken ct)
    {
        // The same file without a project goes into the same project again.
        var id = import.ProjectId ?? ReservedName.StreamOf($"imported-project:{import.Format}:{import.Source}:{import.FileName.ToUpperInvariant()}");
        var (project, _) = await projects.ReloadAsync(import.Tenant, id, ct);
        if (project is { Exists: true, IsArchived: false })
            return new TargetProject(id, project.Key);
        if (project.Exists)
            throw new Reading.UnreadableFileException("project_archived", $"The project {project.Key} is archived; restore it first.");
        if (import.ProjectId is not null)
            throw new Reading.UnreadableFileException("project_not_found", "There is no such project.");
        return import.DryRun ? new TargetProject(id, KeyOf(import.FileName)) : await CreateAsync(import, id, ct);
    }

    private async Task<TargetProject> CreateAsync(ImportRecord import, Guid id, CancellationToken ct)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(import.FileName);
        if (name.Length > Limits.ProjectName)
            name = name[..Limits.ProjectName];
        var context = new CommandContext(import.Tenant, import.RequestedBy) { CorrelationId = import.Id.ToString("D") };
        var stem = KeyOf(name);
        for (var attempt = 1; attempt <= MaxKeysTried; attempt++)
        {
            var number = attempt == 1 ? "" : attempt.ToString();
            var key = stem[..Math.Min(stem.Length, Limits.ProjectKey - number.Length)] + number;
            var command = new CreateProject(id, key, string.IsNullOrWhiteSpace(name) ? "Imported" : name) { Description = $"Imported from {import.FileName}." };
            switch (await commands.CreateAsync(context, command, static _ => throw new InvalidOperationException("There is no idempotency key."), ct))
            {
                case CommandResult<ProjectState>.Done:
                    return new TargetProject(id, key);
                case CommandResult<ProjectState>.Refused { Code: "project_key_taken" }:
                    continue;
                case CommandResult<ProjectState>.Refused { Code: "project_exists" }:
                    return new TargetProject(id, (await projects.ReloadAsync(import.Tenant, id, ct)).State.Key);
                case var refused:
                    throw new Reading.UnreadableFileException("project_refused", $"The project for the import could not be created: {refused}.");
            }
        }
        throw new Reading.UnreadableFileException("project_key_taken", $"The keys {stem} to {stem}{MaxKeysTried} are all taken; give a projectId.");
    }

    /// <summary>Letters of the name, e.g. <c>GITLABISSU</c>; a key of initials where the name has several words.</summary>
    private static string KeyOf(string name)
    {
        var words = new List<StringBuilder>();
        var inWord = false;
        foreach (var c in System.IO.Path.GetFileNameWithoutExtension(name).ToUpperInvariant())
        {
            var isPart = char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c);
            if (isPart && !inWord)
                words.Add(new StringBuilder());
            if (isPart)
                words[^1].Append(c);
            inWord = isPart;
        }
        var letters = words.Where(static w => char.IsAsciiLetterUpper(w[0])).ToList();
        var key = letters.Count > 2 ? string.Concat(letters.Select(static w => w[0])) : string.Concat(letters);
        return key.Length switch
        {
            0 => "IMPORT",
            1 => key + "X",
            > Limits.ProjectKey - 2 => key[..(Limits.ProjectKey - 2)],
            _ => key,
        };
    }
}

using Events.Commands.Handling;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Workers.Pacing;

namespace Events.Workers.Imports.Running;

/// <param name="Undone">Tasks deleted.</param>
/// <param name="Kept">Tasks that somebody has changed since, left as they are.</param>
public sealed record UndoResult(Guid ImportId, long Undone, long Kept);

/// <summary>Deletes what an import made. Each deletion is an event like any other, so an undo can be undone task by task.</summary>
internal sealed class ImportUndo(ImportTable imports, ImportRows rows, TaskCommands tasks, AggregateLoader<TaskState> states, WorkPace pace, ImportOptions options, TimeProvider time)
{
    /// <param name="withChanged">Whether tasks that somebody has changed since go too.</param>
    /// <returns>Null when there is no such import.</returns>
    public async Task<UndoResult?> RunAsync(
        UndoImport undo, Platform.Tenancy.TenantId tenant, Guid undoId, Action<long, long> progress, CancellationToken ct)
    {
        await imports.BeginUndoAsync(tenant, undo.ImportId, undoId, ct);
        if (await imports.FindAsync(tenant, undo.ImportId, ct) is not { } import)
            return null;
        var (at, undone, kept) = (import.UndoCheckpoint, import.Undone, import.Kept);
        while (await rows.PageAsync(tenant, import.Id, at, withParent: false, pace.Burst(options.ChunkRows), ct) is { Count: > 0 } page)
        {
            var began = time.GetTimestamp();
            var deleted = await Task.WhenAll(page.Select(task => DeleteAsync(tenant, undo, undoId, task, ct)));
            await rows.UndoneAsync(tenant, [.. page.Where((_, i) => deleted[i] == true).Select(static task => task.TaskId)], ct);
            var (gone, left) = (deleted.LongCount(static d => d == true), deleted.LongCount(static d => d == false));
            if (!await imports.AdvanceUndoAsync(import, at, page[^1].Row, gone, left, ct))
                throw new InvalidOperationException("Another worker goes on with this undo.");
            (at, undone, kept) = (page[^1].Row, undone + gone, kept + left);
            progress(undone + kept, import.Counts.Created + import.Counts.Restored);
            await pace.RestAsync(began, before: 0, ct);
        }
        return new UndoResult(import.Id, undone, kept);
    }

    /// <returns>True: deleted; false: kept because somebody changed it; null: it is not there.</returns>
    private async Task<bool?> DeleteAsync(Platform.Tenancy.TenantId tenant, UndoImport undo, Guid undoId, MadeTask task, CancellationToken ct)
    {
        var (state, version) = await states.LoadAsync(tenant, task.TaskId, ct);
        if (version == 0)
            return null;
        if (state.IsDeleted)
            return true;
        if (version != task.Version && !undo.WithChanged)
            return false;
        var context = new CommandContext(tenant, undo.RequestedBy)
        {
            MayModerate = true,
            CorrelationId = undoId.ToString("D"),
            // Somebody who changes the task right now wins.
            IfMatch = undo.WithChanged ? null : [version],
            Headers = new Dictionary<string, string> { ["undo-of-import"] = undo.ImportId.ToString("D") },
        };
        var result = await tasks.ChangeAsync(
            context, task.TaskId, new DeleteTask(), static _ => throw new InvalidOperationException("There is no idempotency key."), ct);
        return result is CommandResult<TaskState>.Done;
    }
}

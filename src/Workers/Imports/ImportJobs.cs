using Events.Messaging.Handlers;
using Events.Messaging.Retrying;
using Events.Workers.Backups;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;

namespace Events.Workers.Imports;

/// <summary>Runs the import whose id is the job's; everything else is in its row.</summary>
public sealed record ImportTasks(Guid ImportId);

/// <param name="WithChanged">Whether tasks that somebody has changed since go too.</param>
public sealed record UndoImport(Guid ImportId, bool WithChanged, string RequestedBy);

internal sealed class ImportTasksHandler(ImportTable imports, TaskImport import, Restore restore) : IMessageHandler<ImportTasks>
{
    public async Task Handle(ImportTasks message, MessageContext context, CancellationToken ct)
    {
        var record = await imports.FindAsync(context.Tenant, message.ImportId, ct)
            ?? throw new PermanentFailureException("The import is not on record.");
        try
        {
            if (record.Format == ImportFormats.EventsNdjson)
                context.SetResult(await restore.RunAsync(record, Progress, ct));
            else
                context.SetResult(await import.RunAsync(record, Progress, ct));
        }
        catch (UnreadableFileException unreadable)
        {
            throw new PermanentFailureException(unreadable.Message, unreadable);
        }

        void Progress(ImportProgress p) => context.Progress(p.Rows, p.Total, p.Text);
    }
}

internal sealed class UndoImportHandler(ImportUndo undo) : IMessageHandler<UndoImport>
{
    public async Task Handle(UndoImport message, MessageContext context, CancellationToken ct) =>
        context.SetResult(
            await undo.RunAsync(message, context.Tenant, context.MessageId, (done, total) => context.Progress(done, total), ct)
            ?? throw new PermanentFailureException("The import is not on record."));
}

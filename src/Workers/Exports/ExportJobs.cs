using System.Text.Json;
using System.Text.Json.Serialization;
using Events.Commands.Reservations;
using Events.Messaging.Handlers;
using Events.Messaging.Retrying;
using Events.Workers.Backups;
using Events.Workers.Files;

namespace Events.Workers.Exports;

/// <summary>Writes a workspace's tasks or events to a file that can be fetched for a week.</summary>
public sealed record ExportWorkspace(string Format, ExportFilter Filter, string RequestedBy);

/// <param name="Count">Tasks, or events.</param>
/// <param name="Position">The file holds everything up to this event.</param>
/// <param name="Checksum">Of the events, in a backup: what a restore compares.</param>
public sealed record ExportResult(Guid FileId, string Format, long Count, long Bytes, string Sha256, long Position, string? Checksum);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExportWorkspace))]
[JsonSerializable(typeof(ExportResult))]
public sealed partial class ExportJson : JsonSerializerContext;

public static class ExportFormats
{
    public const string Csv = "csv";
    public const string Tasks = "tasks-ndjson";
    public const string Events = "events-ndjson";

    public static IReadOnlyList<string> Names { get; } = [Csv, Tasks, Events];
}

internal sealed class ExportWorkspaceHandler(TaskExport tasks, BackupWriter backups, WorkspaceEvents events, FileStore files, TimeProvider time)
    : IMessageHandler<ExportWorkspace>
{
    public async Task Handle(ExportWorkspace message, MessageContext context, CancellationToken ct)
    {
        var tenant = context.Tenant;
        var position = await events.PositionAsync(ct);
        var (extension, contentType) = message.Format switch
        {
            ExportFormats.Csv => ("csv", "text/csv"),
            ExportFormats.Tasks or ExportFormats.Events => ("ndjson", "application/x-ndjson"),
            _ => throw new PermanentFailureException($"There is no export format {message.Format}."),
        };
        var count = 0L;
        string? checksum = null;
        // The file's id follows from the job's: a job that runs twice replaces its file.
        var file = await files.WriteAsync(
            tenant,
            ReservedName.StreamOf($"export:{context.MessageId:n}"),
            message.RequestedBy,
            $"{message.Format.Split('-')[0]} {time.GetUtcNow():yyyy-MM-dd HHmm}.{extension}",
            contentType,
            FilePurpose.Export,
            $"export:{context.MessageId:D}",
            async (stream, token) =>
            {
                if (message.Format == ExportFormats.Events)
                {
                    var written = await backups.WriteAsync(tenant, position, stream, Progress, token);
                    (count, checksum) = (written.Count, written.ToString());
                }
                else
                {
                    count = message.Format == ExportFormats.Csv
                        ? await tasks.WriteCsvAsync(tenant, position, message.Filter, stream, Progress, token)
                        : await tasks.WriteNdjsonAsync(tenant, position, message.Filter, stream, Progress, token);
                }
            },
            ct);
        context.Progress(count, count);
        context.SetResult(new ExportResult(file.Id, message.Format, count, file.Size, file.Sha256!, position, checksum));

        void Progress(long done) => context.Progress(done, null);
    }
}

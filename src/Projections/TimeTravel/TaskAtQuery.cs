using System.Text.Json;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.TaskDetail;

namespace Events.Projections.TimeTravel;

/// <summary>One task as it was, folded from its own events by the fold that keeps the read model.</summary>
public sealed class TaskAtQuery(EventReader events)
{
    /// <summary>The document at a version, or at a moment; it does not exist before its first event, nor at a version that never was.</summary>
    /// <exception cref="UnreadableEventException">An event on the way there cannot be read.</exception>
    public async Task<QueryDocument> FindAsync(TenantId tenant, Guid taskId, long? version, DateTimeOffset? at, CancellationToken ct)
    {
        var row = new TaskDetailRow { Key = new StreamKey(tenant, taskId) };
        long position = 0;
        await foreach (var recorded in events.ReadStreamAsync(tenant, taskId, 1, ct))
        {
            if (recorded.Version > version || recorded.Timestamp > at)
                break;
            if (recorded.Body is null or UnreadableEvent)
                throw new UnreadableEventException(recorded);
            if (recorded.Version == 1 && recorded.Body is not TaskCreated)
                break;
            TaskDetailFold.Evolve(row, recorded);
            row.History.Clear();
            position = recorded.Position;
        }

        var task = row.Document;
        return task.Version == 0 || (version is { } wanted && wanted != task.Version)
            ? new QueryDocument(default, 0, position)
            : new QueryDocument(JsonSerializer.SerializeToUtf8Bytes(task, TaskDocumentJson.Document), task.Version, position);
    }
}

using System.Text.Json;
using Events.Commands.Handling;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Messaging.Handlers;
using Events.Projections.TaskList;

namespace Events.Workers.Bulk;

/// <summary>
/// Walks the list of the filter by creation, which no change moves, and changes task by task, a page at a time so that the store
/// writes them together. Run twice it changes nothing more: each command is already true then.
/// </summary>
public sealed class BulkChangeTasksHandler(TaskListQuery list, TaskCommands tasks) : IMessageHandler<BulkChangeTasks>
{
    private const int PageSize = 200;

    private static readonly TaskListSort OldestFirst = new(TaskListOrder.Created, Descending: false);

    public async Task Handle(BulkChangeTasks message, MessageContext context, CancellationToken ct)
    {
        var command = new ChangeTask(message.Change.ToCommands());
        var commandContext = new CommandContext(context.Tenant, message.Actor)
        {
            CorrelationId = context.CorrelationId,
            CausationId = context.MessageId.ToString("D"),
            TraceParent = context.TraceParent,
        };
        var (matched, changed) = (0L, 0L);
        var reasons = new SortedDictionary<string, long>(StringComparer.Ordinal);
        Projections.Engine.KeysetCursor? after = null;
        do
        {
            var page = await list.RunAsync(context.Tenant, message.Filter.ToFilter(), OldestFirst, after, PageSize, ct);
            var ids = IdsOf(page.Items);
            matched += ids.Count;
            var results = await Task.WhenAll(ids.Select(id => message.DryRun
                ? tasks.TryChangeAsync(commandContext, id, command, ct).AsTask()
                : tasks.ChangeAsync(commandContext, id, command, NoAnswer, ct).AsTask()));
            foreach (var result in results)
            {
                if (result is CommandResult<TaskState>.Done { Events.Count: > 0 })
                    changed++;
                else if (result is CommandResult<TaskState>.Refused refused)
                    reasons[refused.Code] = reasons.GetValueOrDefault(refused.Code) + 1;
                else if (result is not CommandResult<TaskState>.Done)
                    reasons["contended"] = reasons.GetValueOrDefault("contended") + 1;
            }

            after = page.Next;
            context.Progress(matched, after is null ? matched : null, $"{changed} changed");
        }
        while (after is not null);

        context.SetResult(new BulkResult(matched, changed, reasons.Values.Sum(), reasons, message.DryRun));
    }

    private static List<Guid> IdsOf(ReadOnlyMemory<byte> items)
    {
        var ids = new List<Guid>();
        if (items.IsEmpty)
            return ids;
        var array = new byte[items.Length + 2];
        array[0] = (byte)'[';
        items.CopyTo(array.AsMemory(1));
        array[^1] = (byte)']';
        using var document = JsonDocument.Parse(array);
        foreach (var item in document.RootElement.EnumerateArray())
            ids.Add(item.GetProperty("id").GetGuid());
        return ids;
    }

    private static StoredAnswer NoAnswer(CommandResult<TaskState>.Done done) => new(204, null, null, ReadOnlyMemory<byte>.Empty);
}

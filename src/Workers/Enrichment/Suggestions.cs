using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Messaging.Handlers;
using Events.Platform.Tenancy;

namespace Events.Workers.Enrichment;

/// <summary>Makes a suggestion for the task.</summary>
public sealed record EnrichTask(Guid TaskId);

/// <summary>What has been suggested, and what becomes of it.</summary>
public sealed class Suggestions(AggregateLoader<SuggestionState> suggestions, EventAppender appender, TaskCommands tasks)
{
    public async Task<SuggestionState> FindAsync(TenantId tenant, Guid taskId, CancellationToken ct) =>
        (await suggestions.ReloadAsync(tenant, SuggestionState.StreamOf(taskId), ct)).State;

    /// <summary>Puts the suggested labels on the task, then says so. Accepting twice changes nothing.</summary>
    /// <returns>Null when there is no open suggestion.</returns>
    public async Task<SuggestionState?> AcceptAsync(CommandContext context, Guid taskId, CancellationToken ct)
    {
        var state = await FindAsync(context.Tenant, taskId, ct);
        if (state.Status == SuggestionStatus.Accepted)
            return state;
        if (state.Status != SuggestionStatus.Open)
            return null;
        foreach (var label in state.Made!.Labels)
            await tasks.ChangeAsync(context with { IfMatch = null, Idempotency = null }, taskId, new LabelTask(label), static _ => throw new InvalidOperationException("There is no idempotency key."), ct);
        return await SayAsync(context, taskId, new SuggestionAccepted(context.Actor), ct);
    }

    /// <returns>Null when there is no open suggestion.</returns>
    public async Task<SuggestionState?> DismissAsync(CommandContext context, Guid taskId, CancellationToken ct)
    {
        var state = await FindAsync(context.Tenant, taskId, ct);
        if (state.Status == SuggestionStatus.Dismissed)
            return state;
        return state.Status == SuggestionStatus.Open ? await SayAsync(context, taskId, new SuggestionDismissed(context.Actor), ct) : null;
    }

    internal async Task MadeAsync(TenantId tenant, SuggestionMade made, EventMetadata metadata, CancellationToken ct) =>
        await appender.AppendAsync(
            new UnitOfWork(tenant, [new StreamAppend(SuggestionState.StreamOf(made.TaskId), SuggestionState.StreamType, ExpectedVersion.Any, [made])]) { Metadata = metadata }, ct);

    private async Task<SuggestionState> SayAsync(CommandContext context, Guid taskId, object said, CancellationToken ct)
    {
        var stream = SuggestionState.StreamOf(taskId);
        var metadata = new EventMetadata(context.Actor, context.CorrelationId, context.CausationId, context.TraceParent);
        await appender.AppendAsync(new UnitOfWork(context.Tenant, [new StreamAppend(stream, SuggestionState.StreamType, ExpectedVersion.Any, [said])]) { Metadata = metadata }, ct);
        return await FindAsync(context.Tenant, taskId, ct);
    }
}

internal sealed class EnrichTaskHandler(IEnricher enricher, AggregateLoader<TaskState> tasks, AccessDirectory directory, Suggestions suggestions) : IMessageHandler<EnrichTask>
{
    public async Task Handle(EnrichTask message, MessageContext context, CancellationToken ct)
    {
        var (task, version) = await tasks.LoadAsync(context.Tenant, message.TaskId, ct);
        if (version == 0 || task.IsDeleted)
            return;
        var known = (await directory.WorkspaceAsync(context.Tenant, ct)).Labels.Values.Select(static label => label.Name).Except(task.Labels, StringComparer.OrdinalIgnoreCase).ToList();
        var suggestion = await enricher.SuggestAsync(task.Title, task.Description ?? "", known, ct);
        if (suggestion is null)
            return;
        var made = new SuggestionMade(message.TaskId, suggestion.Summary, suggestion.Labels, suggestion.Model);
        await suggestions.MadeAsync(context.Tenant, made, new EventMetadata("enrichment", context.CorrelationId, context.MessageId.ToString("D"), context.TraceParent), ct);
        context.SetResult(made);
    }
}

using Events.Commands.Deciding;
using Events.EventStore;

namespace Events.Commands.Handling;

/// <summary>
/// The one way a command takes: load the state, decide, append with the version that was decided on. When somebody else was
/// faster and the caller named no version, the decision is made again on the newer state, a bounded number of times.
/// </summary>
internal sealed class CommandLoop<TState>(
    AggregateDefinition<TState> aggregate,
    AggregateLoader<TState> loader,
    EventAppender appender,
    EventReader reader)
    where TState : class
{
    private const int Attempts = 8;

    /// <summary>What a try decides on: a new stream without a look, the state as this process knows it, or the stream itself.</summary>
    private enum Look
    {
        None,
        Recent,
        Newest,
    }

    // Those who lost a race queue up per stream, so that they do not make each other lose again.
    private readonly SemaphoreSlim[] queues = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <param name="decide">From the state and whether the stream exists.</param>
    /// <param name="answer">What to keep under the idempotency key; called only when there is one.</param>
    /// <param name="others">Further streams written in the same unit when there are events.</param>
    /// <param name="likelyNew">The stream most likely does not exist: the first try is made without looking, and the append finds out.</param>
    public async ValueTask<CommandResult<TState>> RunAsync(
        CommandContext context,
        Guid id,
        Func<TState, long, ValueTask<Decision>> decide,
        Func<CommandResult<TState>.Done, StoredAnswer> answer,
        IReadOnlyList<StreamAppend> others,
        CancellationToken ct,
        bool likelyNew = false)
    {
        try
        {
            return await RunUntilDecidedAsync(context, id, decide, answer, others, likelyNew, ct);
        }
        catch (UnreadableEventException found)
        {
            return await ReplayAsync(context, ct) ?? new CommandResult<TState>.Refused(UnreadableHistory.Code, UnreadableHistory.Tell(found), null);
        }
    }

    private async ValueTask<CommandResult<TState>> RunUntilDecidedAsync(
        CommandContext context,
        Guid id,
        Func<TState, long, ValueTask<Decision>> decide,
        Func<CommandResult<TState>.Done, StoredAnswer> answer,
        IReadOnlyList<StreamAppend> others,
        bool likelyNew,
        CancellationToken ct)
    {
        var result = await AttemptAsync(context, id, likelyNew ? Look.None : Look.Recent, decide, answer, others, ct);
        if (result is not null)
            return result;

        var queue = queues[(uint)id.GetHashCode() % (uint)queues.Length];
        await queue.WaitAsync(ct);
        try
        {
            for (var attempt = 1; attempt < Attempts; attempt++)
            {
                result = await AttemptAsync(context, id, Look.Newest, decide, answer, others, ct);
                if (result is not null)
                    return result;
            }
        }
        finally
        {
            queue.Release();
        }

        // Taken by a stream of another kind, the id looks free to this aggregate for ever.
        var (_, version) = await loader.ReloadAsync(context.Tenant, id, ct);
        return version == 0
            ? new CommandResult<TState>.Refused("id_taken", "The id belongs to something else.", "/id")
            : new CommandResult<TState>.Contended();
    }

    /// <returns>null: the state was not the newest; try again.</returns>
    // A cached state may be behind what another process wrote. An append finds that out; everything else that is decided on it
    // (no, nothing to do, another version) is only said after a look at the stream itself.
    private async ValueTask<CommandResult<TState>?> AttemptAsync(
        CommandContext context,
        Guid id,
        Look look,
        Func<TState, long, ValueTask<Decision>> decide,
        Func<CommandResult<TState>.Done, StoredAnswer> answer,
        IReadOnlyList<StreamAppend> others,
        CancellationToken ct)
    {
        var (state, version) = look switch
        {
            Look.None => (aggregate.Initial, 0),
            Look.Recent => await loader.LoadAsync(context.Tenant, id, ct),
            _ => await loader.ReloadAsync(context.Tenant, id, ct),
        };
        // What does not exist is in no cache: it was looked for.
        var newest = look == Look.Newest || (look == Look.Recent && version == 0);
        if (context.IfMatch is { } seen && !seen.Contains(version))
            return newest ? await ReplayAsync(context, ct) ?? new CommandResult<TState>.VersionMismatch(seen, version) : null;

        switch (await decide(state, version))
        {
            case Decision.Refused or Decision.Unchanged when !newest:
                return null;
            case Decision.Refused refused:
                // The first try of a repeated request may be what makes it impossible now.
                return await ReplayAsync(context, ct) 
                    ?? new CommandResult<TState>.Refused(refused.Code, refused.Detail, refused.Pointer);
            case Decision.Accepted accepted:
                return await AppendAsync(context, id, state, version, accepted, answer, others, ct);
            default:
                return await KeepAsync(context, new CommandResult<TState>.Done(state, version, 0, null, []), answer, ct);
        }
    }

    private async ValueTask<CommandResult<TState>?> AppendAsync(
        CommandContext context,
        Guid id,
        TState state,
        long version,
        Decision.Accepted accepted,
        Func<CommandResult<TState>.Done, StoredAnswer> answer,
        IReadOnlyList<StreamAppend> others,
        CancellationToken ct)
    {
        var events = accepted.Events;
        var after = state;
        foreach (var happened in events)
            after = aggregate.Evolve(after, happened);
        var done = new CommandResult<TState>.Done(after, version + events.Count, 0, null, events);
        var append = new StreamAppend(id, aggregate.StreamType, ExpectedVersion.Exactly(version), events);
        if (accepted.RestsOn.Count > 0)
            others = [.. others, .. accepted.RestsOn.Select(seen => new StreamAppend(seen.Stream, aggregate.StreamType, ExpectedVersion.Exactly(seen.Version), []))];
        var outcome = await appender.AppendAsync(
            new UnitOfWork(context.Tenant, others.Count == 0 ? [append] : [append, .. others])
            {
                Metadata = context.Metadata,
                Messages = context.Messages,
                Idempotency = Record(context, done, answer),
            },
            ct);
        switch (outcome)
        {
            case AppendOutcome.Appended appended:
                loader.Applied(context.Tenant, id, after, done.Version);
                return done with { Position = appended.Position, At = appended.Timestamp };
            case AppendOutcome.VersionConflict conflict when conflict.StreamId == id:
                loader.Forget(context.Tenant, id);
                return context.IfMatch is { } seen ? new CommandResult<TState>.VersionMismatch(seen, conflict.Actual) : null;
            case AppendOutcome.VersionConflict conflict when accepted.RestsOn.Any(seen => seen.Stream == conflict.StreamId):
                loader.Forget(context.Tenant, conflict.StreamId);
                return null;
            case AppendOutcome.VersionConflict:
                return new CommandResult<TState>.Refused("name_taken", "The name is taken.", null);
            case AppendOutcome.StreamArchived:
                return new CommandResult<TState>.Refused("stream_archived", "It was moved to the archive and cannot change.", null);
            default:
                return Repeated(outcome);
        }
    }

    // Nothing had to change, but the same key must get this same answer again.
    private async ValueTask<CommandResult<TState>> KeepAsync(
        CommandContext context,
        CommandResult<TState>.Done done,
        Func<CommandResult<TState>.Done, StoredAnswer> answer,
        CancellationToken ct)
    {
        if (context.Idempotency is null)
            return done;
        var outcome = await appender.AppendAsync(new UnitOfWork(context.Tenant, []) { Idempotency = Record(context, done, answer) }, ct);
        return outcome is AppendOutcome.Appended ? done : Repeated(outcome);
    }

    private async ValueTask<CommandResult<TState>?> ReplayAsync(CommandContext context, CancellationToken ct) =>
        context.Idempotency is { } request && await reader.FindIdempotentAnswerAsync(context.Tenant, request.Key, ct) is { } kept
            ? kept.RequestHash.Span.SequenceEqual(request.Hash.Span)
                ? new CommandResult<TState>.Replayed(kept.Answer, kept.Position)
                : new CommandResult<TState>.KeyReused(request.Key)
            : null;

    private static IdempotencyRecord? Record(
        CommandContext context, CommandResult<TState>.Done done, Func<CommandResult<TState>.Done, StoredAnswer> answer) =>
        context.Idempotency is { } request ? new IdempotencyRecord(request.Key, request.Hash, answer(done)) : null;

    private static CommandResult<TState> Repeated(AppendOutcome outcome) => outcome switch
    {
        AppendOutcome.Replayed replayed => new CommandResult<TState>.Replayed(replayed.Answer, replayed.Position),
        AppendOutcome.IdempotencyKeyReused reused => new CommandResult<TState>.KeyReused(reused.Key),
        _ => throw new InvalidOperationException($"The store answered {outcome.GetType().Name} to a unit that cannot be answered so."),
    };
}

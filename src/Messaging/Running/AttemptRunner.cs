using System.Diagnostics;
using Events.Messaging.Handlers;
using Events.Messaging.Retrying;
using Events.Messaging.Sending;
using Events.Messaging.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Events.Messaging.Running;

/// <summary>Runs one attempt from the handler's call to the message's next place.</summary>
internal sealed partial class AttemptRunner(
    NpgsqlDataSource database,
    MessageTypes types,
    IServiceProvider services,
    MessagingOptions options,
    Completer completer,
    Settler settler,
    Action<ClaimedMessage, JobProgress> report,
    TimeProvider time,
    ILogger logger)
{
    private readonly EffectsTransaction.Factory openEffects = (message, ct) => EffectsTransaction.OpenAsync(database, message, ct);

    public async Task RunAsync(Attempt attempt)
    {
        var message = attempt.Message;
        var type = types.Find(message.Type);
        if (MessagingTelemetry.Started.Enabled)
            CountStart(attempt);
        using var activity = StartActivity(message);

        var context = new MessageContext(message, openEffects, message.IsJob ? report : null);
        try
        {
            if (message.Takeovers >= options.MaxTakeovers)
                throw new PoisonMessageException($"{message.Takeovers} workers died while they held this message.");
            if (type is null)
                throw new UnknownMessageException(message.Type);
            await type.InvokeAsync(services, message.Body, context, attempt.Token);
            await SucceedAsync(message, context);
            if (MessagingTelemetry.Succeeded.Enabled)
                MessagingTelemetry.Succeeded.Add(1, Tags(message));
        }
        catch (Exception error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            await DropEffectsAsync(context);
            await FailAsync(attempt, type, error);
        }

        if (MessagingTelemetry.Run.Enabled)
            MessagingTelemetry.Run.Record(time.GetElapsedTime(attempt.Started).TotalSeconds, Tags(message));
    }

    private static TagList Tags(ClaimedMessage message) => new() { { "queue", message.Queue }, { "type", message.Type } };

    private static void CountStart(Attempt attempt)
    {
        var tags = Tags(attempt.Message);
        MessagingTelemetry.Started.Add(1, tags);
        MessagingTelemetry.Wait.Record(Math.Max(0, (attempt.StartedAt - attempt.Message.EnqueuedAt).TotalSeconds), tags);
    }

    private async Task SucceedAsync(ClaimedMessage message, MessageContext context)
    {
        if (context.Effects is not { } effects)
        {
            completer.Complete(message, context.Result, context.Sent);
            return;
        }

        await using (effects)
        {
            var connection = effects.Transaction.Connection!;
            var marked = await Completer.MarkAsync(connection, [new Completion(message, context.Result, [])], CancellationToken.None);
            if (!marked.Contains(message.Id))
            {
                // Handled before, or somebody else's by now: the effects are there already, or will be by that other copy.
                await effects.Transaction.RollbackAsync(CancellationToken.None);
                completer.Complete(message, null, []);
                return;
            }

            await MessageBus.EnqueueAsync(connection, context.Sent, CancellationToken.None);
            await CommitAsync(effects, message);
        }

        await completer.EndAsync(message.Batch, 1);
    }

    private const string HandledSql =
        """
        select exists (select from handled_messages where id = $1)
        """;

    /// <summary>When the connection breaks around the commit, the mark tells whether it went through.</summary>
    private async Task CommitAsync(EffectsTransaction effects, ClaimedMessage message)
    {
        try
        {
            await effects.Transaction.CommitAsync(CancellationToken.None);
        }
        catch (Exception error) when (error is NpgsqlException or IOException)
        {
            await using var command = database.CreateCommand(HandledSql);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = message.Id });
            if (await command.ExecuteScalarAsync(CancellationToken.None) is not true)
                throw;
        }
    }

    private async Task DropEffectsAsync(MessageContext context)
    {
        try
        {
            if (context.Effects is { } effects)
                await effects.DisposeAsync();
        }
        catch (Exception error) when (error is NpgsqlException or IOException or InvalidOperationException or ObjectDisposedException)
        {
            LogRollback(error);
        }
    }

    private async Task FailAsync(Attempt attempt, MessageType? type, Exception error)
    {
        var message = attempt.Message;
        if (attempt.Reason == CancelReason.LeaseLost || error is ClaimLostException)
        {
            LogLost(message.Type, message.Id);
            return;
        }

        var settlement = Decide(attempt, type, error);
        await settler.SettleAsync(message, settlement);
        switch (settlement.Outcome)
        {
            case Outcome.Retry:
                MessagingTelemetry.Retried.Add(1, Tags(message));
                LogRetry(error, message.Type, message.Id, message.Attempt + 1, settlement.DueAt);
                break;
            case Outcome.Dead:
                MessagingTelemetry.Dead.Add(1, Tags(message));
                LogDead(error, message.Type, message.Id, message.Attempt + 1, settlement.Reason);
                break;
        }
    }

    private Settlement Decide(Attempt attempt, MessageType? type, Exception error)
    {
        var cancelled = error is OperationCanceledException;
        if (cancelled && attempt.Reason == CancelReason.Requested)
            return new Settlement(Outcome.Cancelled, StartedAt: attempt.StartedAt);
        if (cancelled && attempt.Reason == CancelReason.Stopping)
            return new Settlement(Outcome.Released);
        if (cancelled && attempt.Reason == CancelReason.TimeLimit)
            error = new TimeoutException($"The attempt took longer than {type!.TimeLimit}.");

        var policy = type?.Retry ?? RetryPolicy.Default;
        var kind = (policy.Classify ?? FailureKinds.Of)(error);
        var failed = attempt.Message.Attempt + 1;
        if (kind != FailureKind.Transient)
            return new Settlement(Outcome.Dead, null, attempt.StartedAt, kind == FailureKind.Poison ? "poison" : "permanent", error);
        if (failed >= policy.Attempts)
            return new Settlement(Outcome.Dead, null, attempt.StartedAt, "exhausted", error);
        var delay = error is RetryLaterException later ? later.Delay : policy.DelayAfter(failed, Random.Shared.NextDouble());
        return new Settlement(Outcome.Retry, time.GetUtcNow() + delay, attempt.StartedAt, null, error);
    }

    private static Activity? StartActivity(ClaimedMessage message)
    {
        if (!MessagingTelemetry.Activities.HasListeners())
            return null;
        if (!ActivityContext.TryParse(message.TraceParent, null, isRemote: true, out var cause))
            cause = default;
        var activity = MessagingTelemetry.Activities.StartActivity($"handle {message.Type}", ActivityKind.Consumer, cause);
        activity?.SetTag("messaging.message.id", message.Id);
        activity?.SetTag("messaging.destination.name", message.Queue);
        activity?.SetTag("events.tenant", message.Tenant.Value);
        activity?.SetTag("messaging.attempt", message.Attempt + 1);
        return activity;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Type} {Id} failed in attempt {Attempt}; again at {DueAt}")]
    private partial void LogRetry(Exception error, string type, Guid id, int attempt, DateTimeOffset? dueAt);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Type} {Id} is dead after {Attempt} attempts: {Reason}")]
    private partial void LogDead(Exception error, string type, Guid id, int attempt, string? reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Type} {Id} was abandoned: the lease is lost")]
    private partial void LogLost(string type, Guid id);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The effects' transaction was gone already")]
    private partial void LogRollback(Exception error);
}

/// <summary>No handler is registered here; another version of the program may have one, so it is tried again.</summary>
public sealed class UnknownMessageException(string type) : Exception($"No handler is registered for {type}.");

using Events.Commands.Handling;
using Events.EventStore;
using Events.Http.Auth;
using Events.Http.Commanding;
using Events.Http.Idempotency;
using Events.Http.Problems;
using Npgsql;

namespace Events.Http.Jobs;

/// <summary>What is asked of a job, once per idempotency key: the act and the answer that is kept of it commit together.</summary>
public sealed class JobActions(NpgsqlDataSource database, EventReader kept, AnswerKeeper keeper, InFlightKeys inFlight)
{
    /// <param name="act">Does it, in the connection's transaction; what it refuses is not kept, and may be asked again.</param>
    public async Task OnceAsync(HttpContext http, Func<NpgsqlConnection, Task<(Problem? Refusal, StoredAnswer? Answer)>> act)
    {
        var caller = http.Features.Get<Caller>()!;
        var key = IdempotencyKey.Read(http, caller, ReadOnlyMemory<byte>.Empty, out var malformed);
        if (malformed is not null)
        {
            await http.Response.WriteAsync(malformed);
            return;
        }

        if (key is not null && !inFlight.TryEnter(caller.Tenant, key.Key))
        {
            await http.Response.WriteAsync(CommandRunner.InFlight);
            return;
        }

        try
        {
            var (refusal, answer) = await RepeatedAsync(http, caller, key)
                ?? await ActAsync(caller, key, act)
                // Another process was quicker with this key: its answer counts, and our act was undone.
                ?? await RepeatedAsync(http, caller, key)
                ?? (CommandRunner.InFlight, null);
            await AnswerAsync(http, refusal, answer);
        }
        finally
        {
            if (key is not null)
                inFlight.Leave(caller.Tenant, key.Key);
        }
    }

    private async Task<(Problem?, StoredAnswer?)?> RepeatedAsync(HttpContext http, Caller caller, IdempotentRequest? key)
    {
        if (key is null || await kept.FindIdempotentAnswerAsync(caller.Tenant, key.Key, http.RequestAborted) is not { } found)
            return null;
        return found.RequestHash.Span.SequenceEqual(key.Hash.Span) ? (null, Replayed(http, found.Answer)) : (Reused(key.Key), null);
    }

    /// <summary>What has begun is finished, even if the caller hangs up.</summary>
    /// <returns>Null: undone, because an answer is kept under the key already.</returns>
    private async Task<(Problem?, StoredAnswer?)?> ActAsync(Caller caller, IdempotentRequest? key, Func<NpgsqlConnection, Task<(Problem? Refusal, StoredAnswer? Answer)>> act)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
        try
        {
            var done = await act(connection);
            if (done.Answer is not { } answer)
                return done;
            if (key is not null && !await keeper.TryKeepAsync(connection, caller.Tenant, new IdempotencyRecord(key.Key, key.Hash, answer), CancellationToken.None))
                return null;
            await transaction.CommitAsync(CancellationToken.None);
            return done;
        }
        catch (PostgresException)
        {
            // As in MessageBus: a statement that fails while Npgsql 10.0.0 prepares it spoils its connection for the next user.
            database.Clear();
            throw;
        }
    }

    private static Problem Reused(string key) => Refusals.Of(new CommandResult<object>.KeyReused(key));

    private static StoredAnswer Replayed(HttpContext http, StoredAnswer answer)
    {
        http.Response.Headers["Idempotency-Replayed"] = "true";
        return answer;
    }

    private static async Task AnswerAsync(HttpContext http, Problem? refusal, StoredAnswer? answer)
    {
        if (refusal is not null)
        {
            await http.Response.WriteAsync(refusal);
            return;
        }

        http.Response.StatusCode = answer!.Status;
        if (answer.Location is not null)
        {
            http.Response.Headers.Location = answer.Location;
            http.Response.Headers.RetryAfter = "1";
        }

        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.Body.Length;
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.BodyWriter.WriteAsync(answer.Body, http.RequestAborted);
    }
}

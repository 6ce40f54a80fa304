using System.Text;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Http.Commanding;

/// <summary>
/// An answer is kept in the transaction of its events, when their time is not known yet. A created row says its time as
/// <see cref="Unknown"/> then, and a replay puts the event's own time there, so that both answers are the same bytes.
/// </summary>
public sealed class ReplayedAnswers(EventReader reader)
{
    /// <summary>No event has this time.</summary>
    public static DateTimeOffset Unknown { get; } = DateTimeOffset.MinValue;

    // A quote inside a JSON text is escaped, so nothing that a caller wrote can look like this.
    private static readonly byte[] Placeholder = "At\":\"0001-01-01T00:00:00Z\""u8.ToArray();

    public async ValueTask<StoredAnswer> CompleteAsync(TenantId tenant, StoredAnswer answer, long position, CancellationToken ct)
    {
        if (position == 0 || answer.Body.Span.IndexOf(Placeholder) < 0)
            return answer;
        await foreach (var recorded in reader.ReadAllAsync(position - 1, new EventFilter { Tenant = tenant, UpTo = position }, ct))
            return answer with { Body = Replace(answer.Body.Span, recorded.Timestamp) };
        return answer;
    }

    private static byte[] Replace(ReadOnlySpan<byte> body, DateTimeOffset time)
    {
        var known = Encoding.UTF8.GetBytes($"At\":{System.Text.Json.JsonSerializer.Serialize(time.UtcDateTime)}");
        var result = new List<byte>(body.Length + 32);
        for (int at; (at = body.IndexOf(Placeholder)) >= 0; body = body[(at + Placeholder.Length)..])
        {
            result.AddRange(body[..at]);
            result.AddRange(known);
        }

        result.AddRange(body);
        return [.. result];
    }
}

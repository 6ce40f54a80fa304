using System.Globalization;
using Events.Http.Problems;
using Events.Projections.Engine;

namespace Events.Http.Lists;

/// <summary>Read your own writes: <c>Events-Min-Position</c> waits until the read model holds the position, for a bounded time.</summary>
public sealed class Freshness(ProjectionPositions positions)
{
    public const string Header = "Events-Min-Position";

    /// <summary>The position that the request names; 0 when it names none.</summary>
    public static long Wanted(HttpRequest request)
    {
        var header = request.Headers[Header];
        return header.Count > 0 && long.TryParse(header.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var wanted) ? wanted : 0;
    }

    /// <returns>False: the request was answered with why not.</returns>
    public ValueTask<bool> ReachedAsync(HttpContext http, string projection)
    {
        var header = http.Request.Headers[Header];
        return header.Count == 0 ? new(true) : WaitAsync(http, header.ToString(), projection);
    }

    private async ValueTask<bool> WaitAsync(HttpContext http, string header, string projection)
    {
        if (!long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var wanted))
        {
            await http.Response.WriteAsync(new Problem(400, "malformed_position", $"{Header} takes the number that an Events-Position header said."));
            return false;
        }

        var wait = await positions.WaitAsync(projection, wanted, http.RequestAborted);
        if (wait.Reached)
            return true;
        await http.Response.WriteAsync(new Problem(503, "not_yet_visible", $"The view is at position {wait.Position} and did not reach {wanted} in time.") { RetryAfter = 1 });
        return false;
    }
}

using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;

namespace Events.Fuzz;

/// <param name="Findings">What must not happen: a 5xx, a hang, a refusal that is no problem document or that changed something.</param>
public sealed record FuzzReport(long Requests, long Succeeded, long Refused, long ServerErrors, IReadOnlyList<string> Findings);

/// <summary>Sends generated requests to a running service, one at a time, and watches what each leaves behind.</summary>
public static class FuzzRun
{
    private const int FindingsKept = 50;

    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(10);

    public static async Task<FuzzReport> RunAsync(Uri service, string token, string connectionString, int seed, TimeSpan duration, CancellationToken ct)
    {
        using var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8, AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = service, Timeout = Hang };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        await using var database = NpgsqlDataSource.Create(connectionString);
        var document = JsonNode.Parse(await http.GetStringAsync("/openapi/v1.json", ct))!;
        var operations = OpenApiOperation.ReadAll(document).Where(o => !EndsTheRun(o)).ToList();
        var generator = new RequestGenerator(operations, seed, await KnownIdsAsync(database, ct));

        long requests = 0, succeeded = 0, refused = 0, errors = 0;
        var findings = new List<string>();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < duration && findings.Count < FindingsKept;)
        {
            var trace = ActivityTraceId.CreateRandom().ToHexString();
            var next = generator.Next();
            next.Message.Headers.TryAddWithoutValidation("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom().ToHexString()}-01");
            requests++;
            try
            {
                using var answer = await http.SendAsync(next.Message, HttpCompletionOption.ResponseHeadersRead, ct);
                var status = (int)answer.StatusCode;
                if (status >= 500)
                {
                    errors++;
                    findings.Add($"{status}: {next.Description}");
                }
                else if (status >= 400)
                {
                    refused++;
                    if (!RefusedBeforeHttp(answer) && answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
                        findings.Add($"{status} without a problem document: {next.Description}");
                    if (await ChangesAsync(database, trace, ct) is > 0 and var changes)
                        findings.Add($"{status} but {changes} events were stored: {next.Description}");
                }
                else
                {
                    succeeded++;
                }
            }
            catch (TaskCanceledException) when (!ct.IsCancellationRequested)
            {
                findings.Add($"no answer within {Hang.TotalSeconds} s: {next.Description}");
            }
            finally
            {
                next.Message.Dispose();
            }
        }

        return new FuzzReport(requests, succeeded, refused, errors, findings);
    }

    // A request line that is too long or holds a NUL is no HTTP: the web server hangs up with a bare status before there is a request.
    private static bool RefusedBeforeHttp(HttpResponseMessage answer) =>
        answer.Headers.ConnectionClose == true && answer.Content.Headers.ContentLength == 0;

    // Signing out or revoking the run's own token would turn every later request into a 401 that tests nothing.
    private static bool EndsTheRun(OpenApiOperation operation) =>
        operation.Method == HttpMethod.Delete && (operation.Path.Contains("/session", StringComparison.Ordinal) || operation.Path.Contains("/tokens", StringComparison.Ordinal));

    private const string SelectIds =
        """
        select id::text
        from events.mt_streams
        limit 200
        """;

    private static async Task<IReadOnlyList<string>> KnownIdsAsync(NpgsqlDataSource database, CancellationToken ct)
    {
        await using var command = database.CreateCommand(SelectIds);
        await using var reader = await command.ExecuteReaderAsync(ct);
        var ids = new List<string>();
        while (await reader.ReadAsync(ct))
            ids.Add(reader.GetString(0));
        return ids;
    }

    // Events carry the trace of the request that caused them; the newest thousand are enough to look through.
    private const string CountChanges =
        """
        select count(*)
        from (
            select headers
            from events.mt_events
            order by seq_id desc
            limit 1000) as newest
        where headers ->> 'traceparent' like $1
        """;

    private static async Task<long> ChangesAsync(NpgsqlDataSource database, string trace, CancellationToken ct)
    {
        await using var command = database.CreateCommand(CountChanges);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = $"00-{trace}-%" });
        return (long)(await command.ExecuteScalarAsync(ct))!;
    }
}

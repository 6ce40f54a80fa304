using System.Text;
using System.Text.Json;
using Events.Benchmarks.Load;
using Events.Benchmarks.Seeding;

namespace Events.Benchmarks.HttpApi;

/// <summary>A service under load: how each kind of request is written for it.</summary>
internal abstract class Measured(Uri server, SampleTasks sample)
{
    private const int RequestsKept = 4096;

    public Uri Server => server;

    protected SampleTasks Sample => sample;

    protected abstract string Prefix { get; }

    protected abstract string PatchContentType { get; }

    protected abstract IEnumerable<(string Name, string Value)> HeadersOf(int tenant);

    protected abstract string Search(string words);

    public Func<int, long, ReadOnlyMemory<byte>> Create() => Prepared(n =>
    {
        var tenant = n % sample.Tenants;
        var project = sample.Projects[(tenant * sample.ProjectsPerTenant) + (n / sample.Tenants % sample.ProjectsPerTenant)];
        var body = $$"""{"projectId":"{{project.Id}}","title":"Measure the export button on Safari {{n}}","description":"Seen by several customers since the last release.","status":"todo","priority":"high","labels":["bug","ux"],"dueOn":"2026-12-01"}""";
        return Request("POST", "/tasks", tenant, body, "application/json");
    });

    public Func<int, long, ReadOnlyMemory<byte>> Patch(IReadOnlyList<SampleRow> rows)
    {
        // Each connection walks its own tasks, and a second round changes the title again.
        return (connection, n) =>
        {
            var row = rows[(int)(((connection * 7919L) + n) % rows.Count)];
            return Request("PATCH", $"/tasks/{row.Id}", TenantOf(row), $$"""{"title":"Renamed {{connection}}-{{n}}"}""", PatchContentType);
        };
    }

    public Func<int, long, ReadOnlyMemory<byte>> List(bool reread = false) => Prepared(n => Read("/tasks?limit=50", n % sample.Tenants, reread));

    public Func<int, long, ReadOnlyMemory<byte>> DeepList(IReadOnlyList<string> cursors, bool reread = false) =>
        Prepared(n => Read($"/tasks?limit=50&cursor={Uri.EscapeDataString(cursors[n % cursors.Count])}", n % cursors.Count, reread));

    public Func<int, long, ReadOnlyMemory<byte>> Detail(IReadOnlyList<SampleRow> rows, bool reread = false) =>
        Prepared(n => Read($"/tasks/{rows[n % rows.Count].Id}", TenantOf(rows[n % rows.Count]), reread));

    public Func<int, long, ReadOnlyMemory<byte>> Search(IReadOnlyList<string> terms, bool reread = false) =>
        Prepared(n => Read(Search(Uri.EscapeDataString(terms[n / sample.Tenants % terms.Count])), n % sample.Tenants, reread));

    /// <summary>Of twenty requests nineteen read the first page and one changes a task.</summary>
    public Func<int, long, ReadOnlyMemory<byte>> Mixed(IReadOnlyList<SampleRow> rows)
    {
        var (list, patch) = (List(), Patch(rows));
        return (connection, n) => (connection + n) % 20 == 0 ? patch(connection, n) : list(connection, n);
    }

    /// <summary>The cursor behind page <paramref name="pages"/> of 50 of the first tenants, one each.</summary>
    public async Task<IReadOnlyList<string>> DeepCursorsAsync(int pages, CancellationToken ct)
    {
        var cursors = new List<string>();
        for (var tenant = 0; tenant < Math.Min(8, sample.Tenants); tenant++)
        {
            string? cursor = null;
            using var connection = await HttpConnection.OpenAsync(server, ct);
            for (var page = 0; page < pages; page++)
            {
                var path = cursor is null ? "/tasks?limit=50" : $"/tasks?limit=50&cursor={Uri.EscapeDataString(cursor)}";
                var (status, body) = await connection.SendAsync(Request("GET", path, tenant), ct);
                if (status != 200)
                    throw new InvalidOperationException($"GET {path} was answered {status}: {Encoding.UTF8.GetString(body.Span)}");
                using var answer = JsonDocument.Parse(body);
                cursor = answer.RootElement.GetProperty("nextCursor").GetString() ?? throw new InvalidOperationException($"The list ends at page {page}.");
            }

            cursors.Add(cursor!);
        }

        return cursors;
    }

    private int TenantOf(SampleRow row) => tenants.TryGetValue(row.TenantId, out var found) ? found : throw new ArgumentException("A row of no tenant.", nameof(row));

    private readonly Dictionary<Guid, int> tenants = sample.TenantIds.Index().ToDictionary(t => t.Item, t => t.Index);

    // Rendering requests would be the generator's work, not the server's.
    private static Func<int, long, ReadOnlyMemory<byte>> Prepared(Func<int, ReadOnlyMemory<byte>> request)
    {
        var requests = Enumerable.Range(0, RequestsKept).Select(request).ToArray();
        return (connection, n) => requests[(int)(((connection * 61L) + n) % requests.Length)];
    }

    /// <param name="reread">Past every cache: the service is to ask its database.</param>
    private ReadOnlyMemory<byte> Read(string path, int tenant, bool reread) => Request("GET", path, tenant, reread: reread);

    protected ReadOnlyMemory<byte> Request(string method, string path, int tenant, string? body = null, string? contentType = null, bool reread = false)
    {
        var text = new StringBuilder().Append(method).Append(' ').Append(Prefix).Append(path).Append(" HTTP/1.1\r\nHost: localhost\r\n");
        foreach (var (name, value) in HeadersOf(tenant))
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        if (reread)
            text.Append("Cache-Control: no-cache\r\n");
        if (body is not null)
            text.Append("Content-Type: ").Append(contentType).Append("\r\nContent-Length: ").Append(Encoding.UTF8.GetByteCount(body)).Append("\r\n");
        return Encoding.UTF8.GetBytes(text.Append("\r\n").Append(body).ToString());
    }
}

internal sealed class MeasuredBaseline(Uri server, SampleTasks sample) : Measured(server, sample)
{
    protected override string Prefix => "";

    protected override string PatchContentType => "application/json";

    protected override IEnumerable<(string Name, string Value)> HeadersOf(int tenant) =>
        [(Baseline.BaselineService.TenantHeader, Sample.TenantIds[tenant].ToString())];

    protected override string Search(string words) => $"/search?q={words}";
}

internal sealed class MeasuredEvents(Uri server, SampleTasks sample, IReadOnlyList<string> tokens) : Measured(server, sample)
{
    protected override string Prefix => "/api/v1";

    protected override string PatchContentType => "application/merge-patch+json";

    protected override IEnumerable<(string Name, string Value)> HeadersOf(int tenant) => [("Authorization", $"Bearer {tokens[tenant]}")];

    protected override string Search(string words) => $"/search?q={words}";
}

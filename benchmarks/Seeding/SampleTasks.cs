namespace Events.Benchmarks.Seeding;

/// <summary>Believable tasks of many tenants, the same for the same seed; both sides of a comparison are loaded with them.</summary>
/// <param name="TenantIds">Existing workspaces, or <see cref="MakeTenants"/>.</param>
/// <param name="Tasks">In all tenants together, spread evenly.</param>
internal sealed record SampleTasks(IReadOnlyList<Guid> TenantIds, int Tasks, int ProjectsPerTenant = 5, int Seed = 20_260_101)
{
    private static readonly string[] Verbs = ["Fix", "Add", "Remove", "Rework", "Measure", "Document", "Test", "Ship", "Review", "Rename", "Cache", "Split"];
    private static readonly string[] Subjects = ["login", "invoice", "export", "import", "search", "dashboard", "webhook", "calendar", "avatar", "billing", "onboarding", "permission", "report", "timeline", "notification", "mobile"];
    private static readonly string[] Objects = ["page", "button", "timeout", "migration", "layout", "index", "retry", "parser", "tooltip", "endpoint", "spinner", "flow", "cursor", "validation", "translation", "shortcut"];
    private static readonly string[] Places = ["on Safari", "for guests", "after sign-in", "in the sidebar", "for large teams", "when offline", "on the board", "in dark mode", "for admins", "under load"];
    private static readonly string[] Statuses = ["backlog", "todo", "in_progress", "in_review", "done", "cancelled"];
    private static readonly string[] Priorities = ["none", "low", "medium", "high", "urgent"];
    private static readonly string[] Labels = ["bug", "feature", "chore", "ux", "performance", "security", "docs", "customer"];
    private static readonly string[] Keys = ["WEB", "API", "OPS", "MOB", "DOC", "LAB", "CRM", "ERP"];

    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public int Tenants => TenantIds.Count;

    public int PerTenant => Tasks / Tenants;

    public static IReadOnlyList<Guid> MakeTenants(int count) => [.. Enumerable.Range(0, count).Select(t => Id(20_260_101, 1, t))];

    public IReadOnlyList<SampleProject> Projects => field ??=
    [
        .. from t in Enumerable.Range(0, Tenants)
           from p in Enumerable.Range(0, ProjectsPerTenant)
           select new SampleProject(TenantIds[t], Id(Seed, 2, (t * ProjectsPerTenant) + p), Keys[p % Keys.Length], (PerTenant + ProjectsPerTenant - 1 - p) / ProjectsPerTenant),
    ];

    /// <summary>One person in twenty of a tenant.</summary>
    public Guid Person(int tenant, int n) => Id(Seed, 3, (tenant * 20) + n);

    /// <summary>In the order in which they were created: tenants interleaved, as on a busy server.</summary>
    public IEnumerable<SampleRow> Rows()
    {
        var random = new Random(Seed);
        for (var n = 0; n < PerTenant * Tenants; n++)
        {
            var (tenant, inTenant) = (n % Tenants, n / Tenants);
            var project = Projects[(tenant * ProjectsPerTenant) + (inTenant % ProjectsPerTenant)];
            var number = (inTenant / ProjectsPerTenant) + 1;
            var created = Start.AddMilliseconds(20L * n);
            var title = $"{Pick(Verbs, random)} the {Pick(Subjects, random)} {Pick(Objects, random)} {Pick(Places, random)}";
            yield return new SampleRow(
                TenantIds[tenant],
                Version7(created, random),
                project.Id,
                number,
                $"{project.Key}-{number}",
                title,
                $"{title}. Seen by several customers since the last release; see the linked conversation for steps to reproduce it.",
                Pick(Statuses, random),
                Pick(Priorities, random),
                random.Next(5) == 0 ? null : Person(tenant, random.Next(20)),
                random.Next(3) switch { 0 => [], 1 => [Pick(Labels, random)], _ => [Labels[random.Next(4)], Labels[4 + random.Next(4)]] },
                random.Next(3) == 0 ? DateOnly.FromDateTime(created).AddDays(random.Next(1, 60)) : null,
                created);
        }
    }

    private static string Pick(string[] from, Random random) => from[random.Next(from.Length)];

    // As Guid.CreateVersion7, but the same for the same seed.
    private static Guid Version7(DateTime at, Random random)
    {
        var milliseconds = new DateTimeOffset(at).ToUnixTimeMilliseconds();
        Span<byte> rest = stackalloc byte[8];
        random.NextBytes(rest);
        rest[0] = (byte)((rest[0] & 0x3f) | 0x80);
        return new Guid((int)(milliseconds >> 16), (short)milliseconds, (short)(0x7000 | random.Next(0x1000)), rest[0], rest[1], rest[2], rest[3], rest[4], rest[5], rest[6], rest[7]);
    }

    private static Guid Id(int seed, short kind, int n) => new(seed, kind, 0x7000, 0x80, 0, 0, 0, (byte)(n >> 24), (byte)(n >> 16), (byte)(n >> 8), (byte)n);
}

using System.Globalization;
using System.Runtime.InteropServices;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.People;

public enum PeopleOrder
{
    Name,
    Joined,
}

/// <param name="Standings">At least one.</param>
/// <param name="Prefix">What the name, or a word of it, begins with; null: anybody.</param>
public sealed record PeopleFilter(IReadOnlyList<PersonStanding> Standings, string? Prefix);

/// <summary>A workspace's people with how many open tasks they have.</summary>
/// <remarks>
/// Names lie sealed in the tables and are opened for the answer only, so that erasing a person's key takes the name out of the tables,
/// their rebuilds and their backups. An order by name is therefore made here, of all people at once, and bounded by <see cref="MostNamed"/>.
/// </remarks>
public sealed class PeopleQuery(TenantReads reads, SubjectKeys keys)
{
    public const string Projection = "People";

    /// <summary>Most people whose names are put in order for an answer; a workspace has at most 2,000 members, and imports add placeholders.</summary>
    public const int MostNamed = 10_000;

    private const string Head =
        "(select min(p.last_seq_id) as position, $2::uuid[] as hidden from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection in ('People', 'TaskCounts'))";

    // With hidden projects people's open tasks are counted in the task list instead.
    private const string HiddenHead =
        "(select min(p.last_seq_id) as position, $2::uuid[] as hidden from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection in ('People', 'TaskList'))";

    private const string Counts =
        """
        left join lateral (
            select array[coalesce(sum(y.tasks) filter (where y.status = 0), 0), coalesce(sum(y.tasks) filter (where y.status = 1), 0),
                         coalesce(sum(y.tasks) filter (where y.status = 2), 0), coalesce(sum(y.tasks) filter (where y.status = 3), 0)]::bigint[] as tasks
            from task_tallies y
            where y.tenant_id = $1 and y.kind = 2 and y.subject = r.person_id) c on true
        """;

    private const string VisibleCounts =
        """
        left join lateral (
            select array[count(*) filter (where t.status = 0), count(*) filter (where t.status = 1),
                         count(*) filter (where t.status = 2), count(*) filter (where t.status = 3)] as tasks
            from task_list t
            where t.tenant_id = $1 and t.assignee_id = r.person_id and not t.archived and not t.deleted
              and t.status < 4
              and t.project_id <> all (h.hidden)) c on true
        """;

    // Each state is a range of the index, and gives at most a page.
    private const string OldestFirst =
        """
        select p.person_id, p.joined_at, p.state, p.role, p.name, row_number() over (order by p.joined_at, p.person_id) as n
        from unnest($3::smallint[]) as s (state)
        cross join lateral (
            select e.*
            from people e
            where e.tenant_id = $1 and e.state = s.state and (e.joined_at, e.person_id) > ($4, $5)
            order by e.joined_at, e.person_id
            limit $6) p
        order by p.joined_at, p.person_id
        limit $6
        """;

    private const string NewestFirst =
        """
        select p.person_id, p.joined_at, p.state, p.role, p.name, row_number() over (order by p.joined_at desc, p.person_id desc) as n
        from unnest($3::smallint[]) as s (state)
        cross join lateral (
            select e.*
            from people e
            where e.tenant_id = $1 and e.state = s.state and (e.joined_at, e.person_id) < ($4, $5)
            order by e.joined_at desc, e.person_id desc
            limit $6) p
        order by p.joined_at desc, p.person_id desc
        limit $6
        """;

    private const string Named =
        """
        select p.person_id, p.joined_at, p.state, p.role, p.name, k.n
        from unnest($3::uuid[]) with ordinality as k (person_id, n)
        join people p on p.tenant_id = $1 and p.person_id = k.person_id and p.state is not null
        """;

    private static readonly string[] Oldest = [Compose(OldestFirst, Head, Counts), Compose(OldestFirst, HiddenHead, VisibleCounts)];
    private static readonly string[] Newest = [Compose(NewestFirst, Head, Counts), Compose(NewestFirst, HiddenHead, VisibleCounts)];
    private static readonly string[] Those = [Compose(Named, Head, Counts), Compose(Named, HiddenHead, VisibleCounts)];

    // Put together once from constants. A row always comes back, for the position.
    private static string Compose(string people, string head, string counts) =>
        $"""
        select h.position, r.person_id, r.joined_at, r.state, r.role, r.name, c.tasks
        from {head} h
        left join ({people}) r on true
        {counts}
        order by r.n
        """;

    private const string NamesSql =
        """
        select h.position, p.person_id, p.name, p.listed
        from (select s.last_seq_id as position from projection_heads h join mt_event_progression s on s.name = h.shard where h.projection = 'People') h
        left join (
            (select e.person_id, e.name, true as listed
             from people e
             where e.tenant_id = $1 and e.state = any ($2::smallint[])
             limit $3)
            union all
            select e.person_id, e.name, false
            from people e
            where e.tenant_id = $1 and e.person_id = $4 and e.state <> all ($2::smallint[])) p on true
        """;

    // In the tenant of people, for those whom a workspace's rows named.
    private const string OwnNamesSql =
        """
        select p.person_id, p.name
        from people p
        where p.tenant_id = $1 and p.person_id = any ($2::uuid[]) and p.name is not null
        """;

    internal static IEnumerable<string> Statements => [.. Oldest, .. Newest, .. Those, NamesSql, OwnNamesSql];

    /// <param name="order">With a prefix, by name.</param>
    /// <param name="limit">1 to 200.</param>
    /// <param name="hidden">Projects that the asker must not learn of: their tasks are not counted.</param>
    /// <returns>Null: more than <see cref="MostNamed"/> would have to be put in order.</returns>
    /// <exception cref="FormatException">The cursor is of another order.</exception>
    public async Task<QueryPage?> RunAsync(
        TenantId tenant, PeopleFilter filter, PeopleOrder order, bool descending, KeysetCursor? after, int limit, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        return order == PeopleOrder.Joined && filter.Prefix is null
            ? await ByJoinedAsync(tenant, filter, descending, after, limit, hidden, ct)
            : await ByNameAsync(tenant, filter, descending, after, limit, hidden, ct);
    }

    /// <summary>One of them; a document with empty JSON when there is none.</summary>
    public async Task<QueryDocument> FindAsync(TenantId tenant, Guid personId, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        var (people, position) = await ThoseAsync(tenant, [personId], hidden, ct);
        return new QueryDocument(await RenderAsync(people, ct), people.Count, position);
    }

    private async Task<QueryPage> ByJoinedAsync(TenantId tenant, PeopleFilter filter, bool descending, KeysetCursor? after, int limit, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        await using var command = Command(tenant, descending ? Newest : Oldest, hidden);
        command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [.. filter.Standings.Select(s => (short)s)] });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = KeysetCursor.MomentOf(after, descending), NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after?.Id ?? (descending ? Guid.AllBitsSet : Guid.Empty) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit + 1 });
        var (people, position) = await ReadAsync(command, ct);
        var more = people.Count > limit;
        if (more)
            people.RemoveAt(limit);
        return new QueryPage(
            await RenderAsync(people, ct),
            people.Count,
            more ? new KeysetCursor(people[^1].JoinedAt.UtcTicks.ToString(CultureInfo.InvariantCulture), people[^1].Id) : null,
            position);
    }

    private async Task<QueryPage?> ByNameAsync(
        TenantId tenant, PeopleFilter filter, bool descending, KeysetCursor? after, int limit, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        var (named, position) = await NamedAsync(tenant, filter, after?.Id, ct);
        if (named.Count > MostNamed)
            return null;
        // A cursor names the person behind whom the page goes on, never the name: cursors stand in addresses and logs. Whoever left
        // meanwhile still has a place in the order.
        var place = after is null ? (NamedPerson?)null : named.FirstOrDefault(p => p.Id == after.Id);
        var direction = descending ? -1 : 1;
        named.RemoveAll(p => !p.Listed || !p.BeginsWith(filter.Prefix) || (place is { } last && direction * Compare(p, last) <= 0));
        named.Sort((a, b) => direction * Compare(a, b));
        var page = named.Take(limit).Select(p => p.Id).ToArray();
        var (people, counted) = await ThoseAsync(tenant, page, hidden, ct);
        return new QueryPage(
            await RenderAsync(people, ct),
            people.Count,
            named.Count > limit ? new KeysetCursor("", page[^1]) : null,
            Math.Min(position, counted));
    }

    private async Task<(List<Person> People, long Position)> ThoseAsync(TenantId tenant, Guid[] ids, IReadOnlyList<Guid> hidden, CancellationToken ct)
    {
        await using var command = Command(tenant, Those, hidden);
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
        return await ReadAsync(command, ct);
    }

    private TenantCommand Command(TenantId tenant, string[] statements, IReadOnlyList<Guid> hidden)
    {
        var command = reads.CreateCommand(TenantKey.Of(tenant), statements[hidden.Count == 0 ? 0 : 1]);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hidden] });
        return command;
    }

    private static async Task<(List<Person> People, long Position)> ReadAsync(TenantCommand command, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        var people = new List<Person>();
        var position = 0L;
        while (await reader.ReadAsync(ct))
        {
            position = reader.IsDBNull(0) ? 0 : reader.GetInt64(0);
            if (reader.IsDBNull(1))
                continue;
            people.Add(new Person(
                reader.GetGuid(1),
                reader.GetFieldValue<DateTimeOffset>(2),
                (PersonStanding)reader.GetInt16(3),
                reader.IsDBNull(4) ? null : (WorkspaceRole)reader.GetInt16(4),
                reader.IsDBNull(5) ? null : new SealedText(reader.GetString(5)),
                reader.GetFieldValue<long[]>(6)));
        }

        return (people, position);
    }

    private async Task<(List<NamedPerson> People, long Position)> NamedAsync(TenantId tenant, PeopleFilter filter, Guid? also, CancellationToken ct)
    {
        var found = new List<(Guid Id, SealedText? Name, bool Listed)>();
        var position = 0L;
        await using (var command = reads.CreateCommand(TenantKey.Of(tenant), NamesSql))
        {
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
            command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [.. filter.Standings.Select(s => (short)s)] });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = MostNamed + 1 });
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = also ?? Guid.Empty });
            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                position = reader.IsDBNull(0) ? 0 : reader.GetInt64(0);
                if (!reader.IsDBNull(1))
                    found.Add((reader.GetGuid(1), reader.IsDBNull(2) ? null : new SealedText(reader.GetString(2)), reader.GetBoolean(3)));
            }
        }

        var names = await NamesAsync(found.Select(p => (p.Id, p.Name)), ct);
        return ([.. found.Select(p => new NamedPerson(p.Id, names.GetValueOrDefault(p.Id)?.ToLowerInvariant() ?? "", p.Listed))], position);
    }

    private async Task<ReadOnlyMemory<byte>> RenderAsync(List<Person> people, CancellationToken ct)
    {
        var names = await NamesAsync(people.Select(p => (p.Id, p.Name)), ct);
        using var renderer = new JsonRenderer();
        var items = new ItemWriter();
        foreach (var person in people)
            items.Add(renderer.Render((person, names.GetValueOrDefault(person.Id)), static (x, json) => x.person.Write(x.Item2, json)));
        return items.Written;
    }

    /// <summary>Opened; those of erased people are missing.</summary>
    private async Task<Dictionary<Guid, string>> NamesAsync(IEnumerable<(Guid Id, SealedText? Name)> people, CancellationToken ct)
    {
        var names = new Dictionary<Guid, SealedText>();
        var elsewhere = new List<Guid>();
        foreach (var (id, name) in people)
        {
            if (name is { } own)
                names[id] = own;
            else
                elsewhere.Add(id);
        }

        if (elsewhere.Count > 0)
            await AddOwnNamesAsync(names, elsewhere, ct);
        var opened = new Dictionary<Guid, string>(names.Count);
        foreach (var some in names.Chunk(SubjectKeys.MaxSubjects))
        {
            var texts = await keys.OpenAllAsync([.. some.Select(n => n.Value)], ct);
            foreach (var (id, name) in some)
            {
                if (texts.TryGetValue(name, out var text))
                    opened[id] = text;
            }
        }

        return opened;
    }

    private async Task AddOwnNamesAsync(Dictionary<Guid, SealedText> names, List<Guid> people, CancellationToken ct)
    {
        await using var command = reads.CreateCommand(TenantKey.Of(PeopleTenant.Id), OwnNamesSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(PeopleTenant.Id) });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. people] });
        await using var reader = await command.ExecuteReaderAsync(ct);
        while (await reader.ReadAsync(ct))
            names[reader.GetGuid(0)] = new SealedText(reader.GetString(1));
    }

    private static int Compare(NamedPerson a, NamedPerson b) => string.CompareOrdinal(a.Name, b.Name) is var names and not 0 ? names : a.Id.CompareTo(b.Id);

    /// <param name="Name">In lower case; empty for whoever was erased.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct NamedPerson(Guid Id, string Name, bool Listed)
    {
        public bool BeginsWith(string? prefix)
        {
            if (prefix is null)
                return true;
            var wanted = prefix.ToLowerInvariant();
            for (var at = 0; at >= 0 && at < Name.Length; at = Name.IndexOf(' ', at) is var space and >= 0 ? space + 1 : -1)
            {
                if (Name.AsSpan(at).StartsWith(wanted, StringComparison.Ordinal))
                    return true;
            }

            return false;
        }
    }
}

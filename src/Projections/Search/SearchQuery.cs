using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Search;

/// <summary>Finds tasks by what they say. Answers are list items; a search has no further pages: more letters narrow it down.</summary>
public sealed class SearchQuery(NpgsqlDataSource dataSource)
{
    public const string Projection = "Search";

    private const string PositionSql =
        "(select min(p.last_seq_id) from projection_heads h join mt_event_progression p on p.name = h.shard where h.projection in ('Search', 'TaskList'))";

    // $1 tenant, $2 the word to look along and $3 the first text behind all that begin with it, $4 the other words as LIKE patterns,
    // $5 items. Newest tasks of a word first; a word that is exactly what was typed comes first of all, because it sorts first.
    // Entries are looked up one by one until there are enough; a few more than are wanted, since a task may come by two words.
    private const string TypeAheadSql =
        $"""
        select string_agg(f.item, ','), count(*)::int, {PositionSql}
        from (
            select d.item
            from (select distinct on (m.task_id) m.task_id, m.word, m.item
                  from (select w.task_id, w.word, t.item
                        from (select c.task_id, c.word
                              from task_words c
                              where c.tenant_id = $1 and c.word >= $2 and c.word < $3
                              order by c.word, c.task_id desc
                              limit 100) w
                        cross join lateral {MatchingTask} t
                        order by w.word, w.task_id desc
                        limit $5 + 5) m
                  order by m.task_id, m.word) d
            order by d.word, d.task_id desc
            limit $5) f
        """;

    // Inside parentheses: it is a part of a statement, and refers to its words.
    private const string MatchingTask =
        """
        (select l.item
         from task_list l
         where l.tenant_id = $1 and l.task_id = w.task_id and l.key || ' ' || l.title ilike all ($4) and l.project_id <> all ($6)
         offset 0)
        """;

    // The same by the middle of words: first which words of the tenant have it, then their tasks.
    private const string MiddleSql =
        $"""
        select string_agg(f.item, ','), count(*)::int, {PositionSql}
        from (
            select t.item
            from (select distinct e.task_id
                  from (select distinct v.word
                        from task_vocabulary v
                        where v.tenant_id = $1 and v.suffix >= $2 and v.suffix < $3
                        limit 20) k
                  cross join lateral (
                        select c.task_id
                        from task_words c
                        where c.tenant_id = $1 and c.word = k.word
                        order by c.task_id desc
                        limit 10) e) w
            cross join lateral {MatchingTask} t
            order by w.task_id desc
            limit $5) f
        """;

    /// <summary>While people type: tasks with words in title or key that begin with what was typed, failing that contain it.</summary>
    /// <param name="hiddenProjects">Whose tasks the asker must not learn of.</param>
    /// <param name="limit">1 to 50.</param>
    public async Task<QueryPage> TypeAheadAsync(TenantId tenant, string text, IReadOnlyList<Guid> hiddenProjects, int limit, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        // A key is in one task, if it is whole; what is none is words like any others.
        if (SearchWords.TryKey(text, out var key, out var rest)
            && await FindAsync(TypeAheadSql, tenant, key, SearchWords.Of(rest, SearchWords.MostTitleWords), hiddenProjects, limit, ct) is { Count: > 0 } keyed)
        {
            return keyed;
        }

        var words = SearchWords.Of(text, SearchWords.MostTitleWords);
        if (words.Count == 0)
            return new QueryPage(default, 0, Next: null, 0);
        // The longest word is in the fewest tasks.
        var along = words.MaxBy(w => w.Length)!;
        var found = await FindAsync(TypeAheadSql, tenant, along, words, hiddenProjects, limit, ct);
        return found.Count > 0 || along.Length < SearchWords.ShortestSuffix ? found : await FindAsync(MiddleSql, tenant, along, words, hiddenProjects, limit, ct);
    }

    private async Task<QueryPage> FindAsync(string sql, TenantId tenant, string along, List<string> words, IReadOnlyList<Guid> hiddenProjects, int limit, CancellationToken ct)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = along });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = along + "\U0010FFFF" });
        // Words hold no sign that LIKE knows.
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. words.Where(w => w != along).Select(w => $"%{w}%")] });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hiddenProjects] });
        return await ReadAsync(command, ct);
    }

    private const string WordsSql =
        $"""
        select string_agg(f.item, ','), count(*)::int, {PositionSql}
        from (
            select t.item
            from (select m.task_id, ts_rank_cd(m.words, $2::text::tsquery) as rank
                  from (select s.task_id, s.words
                        from task_search s
                        where s.words @@ $2::text::tsquery and s.tenant_id = $1
                        limit 1000) m
                  order by rank desc, m.task_id desc
                  limit $3) r
            join task_list t on t.tenant_id = $1 and t.task_id = r.task_id
            where t.project_id <> all ($4)
            order by r.rank desc, r.task_id desc) f
        """;

    /// <summary>Tasks that have all the words, in title or description, the last one also begun; best first.</summary>
    /// <param name="hiddenProjects">Whose tasks the asker must not learn of.</param>
    /// <param name="limit">1 to 1,000.</param>
    public async Task<QueryPage> RunAsync(TenantId tenant, string text, IReadOnlyList<Guid> hiddenProjects, int limit, CancellationToken ct)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        var words = SearchWords.Of(text, SearchWords.MostTitleWords);
        if (words.Count == 0)
            return new QueryPage(default, 0, Next: null, 0);
        var tag = SearchWords.Tag(TenantKey.Of(tenant));
        var query = string.Join(" & ", words.Select((w, i) => $"'{tag}{w}'{(i == words.Count - 1 ? ":*" : "")}"));
        await using var command = dataSource.CreateCommand(WordsSql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = TenantKey.Of(tenant) });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = query });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. hiddenProjects] });
        return await ReadAsync(command, ct);
    }

    internal static IEnumerable<string> Statements => [TypeAheadSql, MiddleSql, WordsSql];

    private static async Task<QueryPage> ReadAsync(NpgsqlCommand command, CancellationToken ct)
    {
        await using var reader = await command.ExecuteReaderAsync(ct);
        await reader.ReadAsync(ct);
        return new QueryPage(
            reader.IsDBNull(0) ? default : reader.GetFieldValue<byte[]>(0),
            reader.GetInt32(1),
            Next: null,
            reader.IsDBNull(2) ? 0 : reader.GetInt64(2));
    }
}

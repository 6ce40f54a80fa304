using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.Engine;
using Npgsql;

namespace Events.Projections.Search;

internal sealed class SearchRow : StreamRow
{
    public string HumanKey { get; set; } = "";

    public string Title
    {
        get;
        set
        {
            field = value;
            words = null;
        }
    } = "";

    public string? Description { get; set; }

    public bool Archived { get; set; }

    public bool Deleted { get; set; }

    /// <summary>The words under which the tables have the task now.</summary>
    public List<string> StoredWords { get; set; } = [];

    public bool Hidden => Archived || Deleted;

    /// <summary>The words under which they are to have it.</summary>
    public List<string> VisibleWords => Hidden ? [] : words ??= SearchWords.OfTask(HumanKey, Title);

    private List<string>? words;
}

/// <summary>Which tasks speak of this?</summary>
internal sealed class SearchProjection : StreamProjection<SearchRow>
{
    public override string Name => "Search";

    // 2: the vocabulary holds no words of keys. 3: nor do the words of type-ahead hold a project's part of them.
    public override int Version => 3;

    /// <summary>Many small entries a task: whoever waits for a list, a detail or a count need not wait for them.</summary>
    public override int Lane => 2;

    public override IReadOnlyList<string> Tables => ["task_search", "task_words", "task_vocabulary"];

    public override string Script => "0450_task_search";

    // A tsvector has no hash of its own.
    public override string HashOf(string table) => table == "task_search" ? "hashtextextended(t::text, 0)" : base.HashOf(table);

    public override bool Handles(string eventType) =>
        eventType is "task_created" or "task_retitled" or "task_description_changed" or "task_archived" or "task_unarchived" or "task_deleted" or "task_restored";

    protected override object NewSums() => new HashSet<(Guid Tenant, string Word)>();

    protected override void Evolve(SearchRow row, RecordedEvent recorded)
    {
        if (recorded.Body is not TaskCreated && row.HumanKey.Length == 0)
            throw new InvalidOperationException($"A task begins with task_created, not with {recorded.Type}.");
        switch (recorded.Body)
        {
            case TaskCreated e:
                (row.HumanKey, row.Title, row.Description) = (e.Key, e.Title, e.Description);
                Learn(row);
                break;
            case TaskRetitled e:
                row.Title = e.To;
                Learn(row);
                break;
            case TaskDescriptionChanged e:
                row.Description = e.Description;
                break;
            case TaskArchived or TaskUnarchived:
                row.Archived = recorded.Body is TaskArchived;
                break;
            case TaskDeleted or TaskRestored:
                row.Deleted = recorded.Body is TaskDeleted;
                break;
        }
    }

    // Words are learned and never forgotten: one more word to look at costs nothing, and a rebuild learns the same ones. A key is a
    // word of one task and is looked for by its beginning; its middle would make the vocabulary grow with the tasks.
    private static void Learn(SearchRow row)
    {
        var words = (HashSet<(Guid, string)>)row.Sums!;
        var tenant = row.Tenant;
        foreach (var word in SearchWords.Of(row.Title, SearchWords.MostTitleWords))
            words.Add((tenant, word));
    }

    protected override string LoadSql =>
        """
        select t.tenant_id, t.task_id, t.key, t.title, t.description, t.archived, t.deleted
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, task_id)
        join task_search t on t.tenant_id = k.tenant_id and t.task_id = k.task_id
        """;

    protected override SearchRow ReadRow(NpgsqlDataReader reader)
    {
        var row = new SearchRow
        {
            HumanKey = reader.GetString(2),
            Title = reader.GetString(3),
            Description = reader.IsDBNull(4) ? null : reader.GetString(4),
            Archived = reader.GetBoolean(5),
            Deleted = reader.GetBoolean(6),
        };
        row.StoredWords = row.VisibleWords;
        return row;
    }

    private const string InsertSql =
        """
        insert into task_search (tenant_id, task_id, key, title, description, archived, deleted, words)
        select r.tenant_id, r.task_id, r.key, r.title, r.description, r.archived, r.deleted, r.words::tsvector
        from unnest($1::uuid[], $2::uuid[], $3::varchar[], $4::varchar[], $5::text[], $6::boolean[], $7::boolean[], $8::text[])
            as r (tenant_id, task_id, key, title, description, archived, deleted, words)
        """;

    private const string UpsertSql =
        $"""
        {InsertSql}
        on conflict (tenant_id, task_id) do update
        set title = excluded.title, description = excluded.description, archived = excluded.archived, deleted = excluded.deleted,
            words = excluded.words
        """;

    private const string RemoveWordsSql =
        """
        delete from task_words t
        using unnest($1::uuid[], $2::varchar[], $3::uuid[]) as r (tenant_id, word, task_id)
        where t.tenant_id = r.tenant_id and t.word = r.word and t.task_id = r.task_id
        """;

    private const string AddWordsSql =
        """
        insert into task_words (tenant_id, word, task_id)
        select *
        from unnest($1::uuid[], $2::varchar[], $3::uuid[])
        """;

    protected override void SaveRows(IReadOnlyCollection<SearchRow> rows, NpgsqlBatch batch)
    {
        Save(rows, InsertSql, UpsertSql, AddColumns, batch);
        // What was just begun is stored under no word.
        Change(batch, RemoveWordsSql, rows.Where(r => r.StoredWords.Count > 0).SelectMany(r => r.StoredWords.Except(r.VisibleWords), (r, word) => (r, word)));
        Change(batch, AddWordsSql, rows.SelectMany(r => r.StoredWords.Count > 0 ? r.VisibleWords.Except(r.StoredWords) : r.VisibleWords, (r, word) => (r, word)));
    }

    private static void AddColumns(NpgsqlBatchCommand save, IReadOnlyCollection<SearchRow> rows)
    {
        save.AddColumn(rows, r => r.Tenant);
        save.AddColumn(rows, r => r.Key.StreamId);
        save.AddColumn(rows, r => r.HumanKey);
        save.AddColumn(rows, r => r.Title);
        save.AddColumn(rows, r => r.Description);
        save.AddColumn(rows, r => r.Archived);
        save.AddColumn(rows, r => r.Deleted);
        save.AddColumn(rows, r => r.Hidden ? null : SearchWords.Literal(SearchWords.Lexemes(r.Tenant, r.HumanKey, r.VisibleWords, r.Description)));
    }

    private static void Change(NpgsqlBatch batch, string sql, IEnumerable<(SearchRow Row, string Word)> some)
    {
        (SearchRow Row, string Word)[] words = [.. some];
        if (words.Length == 0)
            return;
        Array.Sort(words, (a, b) => a.Row.Tenant.CompareTo(b.Row.Tenant) is not 0 and var byTenant ? byTenant : string.CompareOrdinal(a.Word, b.Word));
        var command = new NpgsqlBatchCommand(sql);
        command.AddColumn(words, w => w.Row.Tenant);
        command.AddColumn(words, w => w.Word);
        command.AddColumn(words, w => w.Row.Key.StreamId);
        batch.BatchCommands.Add(command);
    }

    // Nearly all words are known: one look a word, and only what is new is spread over its suffixes.
    private const string LearnSql =
        """
        with fresh as (
            select w.tenant_id, w.word
            from unnest($1::uuid[], $2::varchar[]) as w (tenant_id, word)
            where not exists (
                select from task_vocabulary v
                where v.tenant_id = w.tenant_id and v.suffix = w.word and v.word = w.word))
        insert into task_vocabulary (tenant_id, suffix, word)
        select f.tenant_id, f.word, f.word
        from fresh f
        union all
        select f.tenant_id, substr(f.word, s.start), f.word
        from fresh f
        cross join lateral generate_series(2, length(f.word) - 2) as s (start)
        on conflict do nothing
        """;

    // Before its indexes exist a rebuild's table cannot say what is known but by reading it all; sets of streams are large and few.
    private const string LearnUnindexedSql =
        """
        with fresh as (
            select *
            from unnest($1::uuid[], $2::varchar[]) as w (tenant_id, word)
            except
            select v.tenant_id, v.word
            from task_vocabulary v)
        insert into task_vocabulary (tenant_id, suffix, word)
        select f.tenant_id, f.word, f.word
        from fresh f
        union all
        select f.tenant_id, substr(f.word, s.start), f.word
        from fresh f
        cross join lateral generate_series(2, length(f.word) - 2) as s (start)
        """;

    protected override void SaveSums(object sums, bool indexed, NpgsqlBatch batch)
    {
        var words = (HashSet<(Guid Tenant, string Word)>)sums;
        if (words.Count == 0)
            return;
        var learn = new NpgsqlBatchCommand(indexed ? LearnSql : LearnUnindexedSql);
        learn.AddColumn(words, w => w.Tenant);
        learn.AddColumn(words, w => w.Word);
        batch.BatchCommands.Add(learn);
    }

    private const string CopySql =
        """
        copy task_search (tenant_id, task_id, key, title, description, archived, deleted, words)
        from stdin (format binary)
        """;

    private const string CopyWordsSql =
        """
        copy task_words (tenant_id, word, task_id)
        from stdin (format binary)
        """;

    protected override IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<SearchRow> rows) =>
    [
        new(CopySql, buffer => CopyRows(rows, buffer)),
        new(CopyWordsSql, buffer => CopyWords(rows, buffer)),
    ];

    private static IEnumerable<int> CopyRows(IReadOnlyList<SearchRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            buffer.Row(8);
            buffer.Uuid(row.Tenant);
            buffer.Uuid(row.Key.StreamId);
            buffer.Text(row.HumanKey);
            buffer.Text(row.Title);
            buffer.Text(row.Description);
            buffer.Boolean(row.Archived);
            buffer.Boolean(row.Deleted);
            if (row.Hidden)
                buffer.Null();
            else
                buffer.Lexemes(SearchWords.Lexemes(row.Tenant, row.HumanKey, row.VisibleWords, row.Description));
            yield return 1;
        }
    }

    private static IEnumerable<int> CopyWords(IReadOnlyList<SearchRow> rows, CopyBuffer buffer)
    {
        foreach (var row in rows)
        {
            var words = row.VisibleWords;
            foreach (var word in words)
            {
                buffer.Row(3);
                buffer.Uuid(row.Tenant);
                buffer.Text(word);
                buffer.Uuid(row.Key.StreamId);
            }

            yield return words.Count;
        }
    }
}

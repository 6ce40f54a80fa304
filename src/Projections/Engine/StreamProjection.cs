using System.Runtime.InteropServices;
using Events.EventStore;
using Npgsql;

namespace Events.Projections.Engine;

/// <summary>What one stream has come to, as a projection keeps it.</summary>
internal abstract class StreamRow
{
    /// <summary>Set before the first fold.</summary>
    public StreamKey Key { get; set; }

    /// <summary>The tenant's key in the tables.</summary>
    public Guid Tenant => tenant ??= TenantKey.Of(Key.Tenant);

    private Guid? tenant;

    /// <summary>What is added up over all rows of a page or a set; null when the projection adds nothing up.</summary>
    public object? Sums { get; set; }

    /// <summary>Whether the tables hold it.</summary>
    public bool Stored { get; set; }

    /// <summary>Where a rebuild keeps texts; null for the rows of a page. Set before the first fold.</summary>
    public TextSlabs? Texts { get; set; }

    protected PackedText Pack(string? text) => text is not null && Texts is { } slabs ? slabs.Keep(text) : new PackedText(text);
}

/// <summary>A projection that folds each stream on its own: a row a stream, and whatever follows from its changes.</summary>
internal abstract class StreamProjection<TRow> : Projection
    where TRow : StreamRow, new()
{
    protected abstract void Evolve(TRow row, RecordedEvent recorded);

    /// <summary>Loads the rows of <c>$1</c> tenants and <c>$2</c> streams, pairwise.</summary>
    protected abstract string LoadSql { get; }

    /// <summary>One row of <see cref="LoadSql"/>; the first two columns, tenant key and stream, are read already.</summary>
    protected abstract TRow ReadRow(NpgsqlDataReader reader);

    protected abstract void SaveRows(IReadOnlyCollection<TRow> rows, NpgsqlBatch batch);

    /// <summary>
    /// The order in which a page writes its rows: neighbours in the indexes, all of which the tenant leads, one after the other. Most of what an entry
    /// costs is to come to its place, and the place of the one before is at hand.
    /// </summary>
    protected virtual int Compare(TRow a, TRow b) =>
        a.Tenant.CompareTo(b.Tenant) is not 0 and var byTenant ? byTenant : a.Key.StreamId.CompareTo(b.Key.StreamId);

    /// <summary>
    /// What begins with the page is inserted as it is: no row can be there (see <see cref="Page.Touch"/>), and ON CONFLICT looks for one, locks, and
    /// logs twice.
    /// </summary>
    /// <param name="insert">An insert without a word on conflicts.</param>
    /// <param name="upsert">The same for rows that the tables hold.</param>
    protected static void Save(IReadOnlyCollection<TRow> rows, string insert, string upsert, Action<NpgsqlBatchCommand, IReadOnlyCollection<TRow>> addColumns, NpgsqlBatch batch)
    {
        var begun = rows.Where(r => !r.Stored).ToList();
        Add(insert, begun);
        if (begun.Count < rows.Count)
            Add(upsert, [.. rows.Where(r => r.Stored)]);

        void Add(string sql, IReadOnlyCollection<TRow> some)
        {
            if (some.Count == 0)
                return;
            var command = new NpgsqlBatchCommand(sql);
            addColumns(command, some);
            batch.BatchCommands.Add(command);
        }
    }

    protected abstract IReadOnlyList<BulkCopy> CopyRows(IReadOnlyList<TRow> rows);

    /// <summary>What the rows of a page, or of a set of a rebuild, add up in common.</summary>
    protected virtual object? NewSums() => null;

    /// <param name="sums">As <see cref="NewSums"/> made them.</param>
    /// <param name="indexed">False in a rebuild, whose tables have no indexes yet and may hold the sums of other sets.</param>
    /// <param name="batch">Takes the statements.</param>
    protected virtual void SaveSums(object sums, bool indexed, NpgsqlBatch batch)
    {
    }

    internal override PageFold OpenPage() => new Page(this);

    internal override BulkFold OpenBulk() => new Bulk(this);

    private sealed class Page(StreamProjection<TRow> projection) : PageFold
    {
        private readonly Dictionary<StreamKey, TRow?> rows = [];
        private readonly Dictionary<(Guid Tenant, Guid Stream), StreamKey> keys = [];
        private readonly HashSet<TRow> folded = [];
        private readonly object? sums = projection.NewSums();

        public override void Touch(RecordedEvent recorded)
        {
            var key = new StreamKey(recorded.Tenant, recorded.StreamId);
            // What begins with this page has no row yet: rows and progress are one transaction, so its first event was never folded.
            if (rows.TryAdd(key, null) && recorded.Version > 1)
                keys.Add((TenantKey.Of(key.Tenant), key.StreamId), key);
        }

        public override void Load(NpgsqlBatch batch)
        {
            if (keys.Count == 0)
                return;
            batch.BatchCommands.Add(new NpgsqlBatchCommand(projection.LoadSql)
            {
                Parameters =
                {
                    new NpgsqlParameter<Guid[]> { TypedValue = [.. keys.Keys.Select(k => k.Tenant)] },
                    new NpgsqlParameter<Guid[]> { TypedValue = [.. keys.Keys.Select(k => k.Stream)] },
                },
            });
        }

        public override async Task ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
        {
            if (keys.Count == 0)
                return;
            while (await reader.ReadAsync(ct))
            {
                var row = projection.ReadRow(reader);
                row.Key = keys[(reader.GetGuid(0), reader.GetGuid(1))];
                row.Stored = true;
                row.Sums = sums;
                rows[row.Key] = row;
            }

            await reader.NextResultAsync(ct);
        }

        public override void Fold(RecordedEvent recorded)
        {
            var key = new StreamKey(recorded.Tenant, recorded.StreamId);
            var row = rows[key] ??= new TRow { Key = key, Sums = sums };
            projection.Evolve(row, recorded);
            folded.Add(row);
        }

        public override void Save(NpgsqlBatch batch)
        {
            if (folded.Count == 0)
                return;
            var inOrder = folded.ToArray();
            Array.Sort(inOrder, projection.Compare);
            projection.SaveRows(inOrder, batch);
            if (sums is not null)
                projection.SaveSums(sums, indexed: true, batch);
        }
    }

    private sealed class Bulk(StreamProjection<TRow> projection) : BulkFold
    {
        private readonly Dictionary<StreamKey, TRow> rows = [];
        private readonly List<object> sums = projection.NewSums() is { } first ? [first] : [];
        private readonly TextSlabs texts = new();
        private RowKey[] keys = [];
        private TRow[] inOrder = [];

        public override void Fold(RecordedEvent recorded)
        {
            var key = new StreamKey(recorded.Tenant, recorded.StreamId);
            ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(rows, key, out var known);
            if (!known)
                row = new TRow { Key = key, Sums = sums.Count > 0 ? sums[0] : null, Texts = texts };
            projection.Evolve(row!, recorded);
        }

        // Rows that come in the order of the primary key make its index, and any that follows it, several times cheaper to build.
        public override void Close()
        {
            keys = new RowKey[rows.Count];
            inOrder = new TRow[rows.Count];
            var at = 0;
            var tenants = new TenantKeys();
            foreach (var (key, row) in rows)
            {
                keys[at] = RowKey.Of(tenants.Of(key.Tenant), key.StreamId);
                inOrder[at++] = row;
            }

            Array.Sort(keys, inOrder);
            rows.Clear();
        }

        public override void Absorb(BulkFold other)
        {
            var theirs = (Bulk)other;
            var (mergedKeys, merged) = (new RowKey[keys.Length + theirs.keys.Length], new TRow[keys.Length + theirs.keys.Length]);
            for (int i = 0, j = 0, at = 0; at < merged.Length; at++)
            {
                if (j == theirs.keys.Length || (i < keys.Length && keys[i] < theirs.keys[j]))
                    (mergedKeys[at], merged[at]) = (keys[i], inOrder[i++]);
                else
                    (mergedKeys[at], merged[at]) = (theirs.keys[j], theirs.inOrder[j++]);
            }

            (keys, inOrder) = (mergedKeys, merged);
            sums.AddRange(theirs.sums);
        }

        public override IReadOnlyList<BulkTable> Copies()
        {
            var parts = Cut().Select(projection.CopyRows).ToList();
            return [.. parts[0].Select((table, i) => new BulkTable(table.Sql, [.. parts.Select(p => p[i].Rows)]))];
        }

        // Between two tenants where it can be: what a projection orders within a tenant then stays in order.
        private IEnumerable<IReadOnlyList<TRow>> Cut()
        {
            const int Few = 2_048, Many = 16_384;
            var from = 0;
            do
            {
                var to = Math.Min(from + Few, keys.Length);
                while (to < keys.Length && to - from < Many && keys[to].IsOfTenantOf(keys[to - 1]))
                    to++;
                yield return new ArraySegment<TRow>(inOrder, from, to - from);
                from = to;
            }
            while (from < keys.Length);
        }

        public override void Save(NpgsqlBatch batch)
        {
            foreach (var one in sums)
                projection.SaveSums(one, indexed: false, batch);
        }
    }
}

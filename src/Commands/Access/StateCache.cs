using System.Collections.Concurrent;
using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Commands.Access;

/// <summary>
/// States that permission checks read without asking the database. An entry may be used while it is known to have been true
/// less than <see cref="Trusted"/> ago; older ones are checked against the stream's version first.
/// </summary>
/// <remarks>
/// Two things keep an entry true. Events from the tail are folded into it within milliseconds of their commit. And whatever the
/// tail does, an entry that nobody compared with <c>mt_streams</c> for <see cref="Trusted"/> is compared before it is used: a
/// missed wake-up, or a tail that died, delays a revocation by no more than that.
/// <para>
/// An entry stands in the dictionary before its stream is read. An event committed before the read is in what was read; one
/// committed after it comes by the tail, finds the entry and, while that still loads, takes it out: its callers get what they
/// asked for, and nobody after them does.
/// </para>
/// </remarks>
internal sealed class StateCache<TState>(AggregateDefinition<TState> definition, EventReader events, StreamVersions versions, TimeProvider time)
{
    public static readonly TimeSpan Trusted = TimeSpan.FromMilliseconds(800);

    private const int MaxEntries = 50_000;

    private readonly ConcurrentDictionary<(TenantId Tenant, Guid Id), Entry> entries = new();

    public ValueTask<TState> GetAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        if (entries.TryGetValue((tenant, id), out var entry) && entry.Loading.IsCompletedSuccessfully && time.GetElapsedTime(entry.TrueAt) < Trusted)
        {
            entry.Used = true;
            return new(entry.Loading.Result.State);
        }
        return new(GetSlowlyAsync(entry, tenant, id, ct));
    }

    /// <summary>With the stream's version that the state is of.</summary>
    public async ValueTask<(TState State, long Version)> GetWithVersionAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        await GetAsync(tenant, id, ct);
        return entries.TryGetValue((tenant, id), out var entry) ? await entry.Loading.WaitAsync(ct) : (definition.Initial, 0);
    }

    /// <summary>As the store has it now: before something is refused that another process may just have granted.</summary>
    public async Task<TState> GetNewestAsync(TenantId tenant, Guid id, CancellationToken ct)
    {
        // A read that is under way, or that somebody else begins between two of these steps, may have begun before what is asked about:
        // waited for, and then compared as any other.
        var asked = time.GetTimestamp();
        while (true)
        {
            var entry = entries.GetValueOrDefault((tenant, id));
            if (entry is not null)
                await Task.WhenAny(entry.Loading).WaitAsync(ct);
            var looked = await LookAsync(entry, tenant, id, ct);
            if (looked.TrueAt >= asked)
                return looked.Loading.Result.State;
        }
    }

    private async Task<TState> GetSlowlyAsync(Entry? entry, TenantId tenant, Guid id, CancellationToken ct) =>
        (await LookAsync(entry, tenant, id, ct)).Loading.Result.State;

    private async Task<Entry> LookAsync(Entry? entry, TenantId tenant, Guid id, CancellationToken ct)
    {
        if (entry is { Loading.IsCompletedSuccessfully: true })
        {
            var now = time.GetTimestamp();
            if (await versions.OfAsync(tenant, id, ct) == entry.Loading.Result.Version)
            {
                entry.TrueAt = now;
                entry.Used = true;
                return entry;
            }
            Forget(tenant, id, entry);
        }
        if (entries.Count >= MaxEntries)
            entries.Clear();
        // Those who come together read the stream once. The read is nobody's own, so no caller's cancellation ends it.
        var fresh = new Entry(time.GetTimestamp());
        var winner = entries.GetOrAdd((tenant, id), fresh);
        if (winner == fresh)
            fresh.Start(() => FoldAsync(tenant, id, fresh));
        await winner.Loading.WaitAsync(ct);
        return winner;
    }

    private async Task<(TState State, long Version)> FoldAsync(TenantId tenant, Guid id, Entry entry)
    {
        try
        {
            var state = definition.Initial;
            var version = 0L;
            await foreach (var recorded in events.ReadStreamAsync(tenant, id, 1, CancellationToken.None))
            {
                if (recorded.Body is null or UnreadableEvent)
                    throw new UnreadableEventException(recorded);
                state = definition.Evolve(state, recorded.Body);
                version = recorded.Version;
            }
            // What does not exist is not kept: ids that somebody makes up would fill the cache.
            if (version == 0)
                Forget(tenant, id, entry);
            return (state, version);
        }
        catch
        {
            Forget(tenant, id, entry);
            throw;
        }
    }

    /// <summary>An event of the tail, whatever its stream.</summary>
    public void Apply(RecordedEvent recorded)
    {
        var key = (recorded.Tenant, recorded.StreamId);
        if (!entries.TryGetValue(key, out var entry))
            return;
        if (!entry.Loading.IsCompletedSuccessfully)
        {
            Forget(recorded.Tenant, recorded.StreamId, entry);
            return;
        }
        var (state, version) = entry.Loading.Result;
        if (recorded.Version <= version)
            return;
        if (recorded.Version == version + 1 && recorded.Body is { } body and not UnreadableEvent)
            entries.TryUpdate(key, new Entry(entry.TrueAt, (definition.Evolve(state, body), recorded.Version)) { Used = entry.Used }, entry);
        else
            Forget(recorded.Tenant, recorded.StreamId, entry);
    }

    /// <summary>This process changed the stream: the next request sees it.</summary>
    public void Forget(TenantId tenant, Guid id) => entries.TryRemove((tenant, id), out _);

    private void Forget(TenantId tenant, Guid id, Entry entry) =>
        entries.TryRemove(KeyValuePair.Create((tenant, id), entry));

    /// <summary>Compares what was used since the last time, so that requests seldom have to.</summary>
    public async Task VerifyAsync(CancellationToken ct)
    {
        var used = entries.Where(entry => entry.Value is { Used: true, Loading.IsCompletedSuccessfully: true }).Take(StreamVersions.MaxStreams).ToList();
        if (used.Count == 0)
            return;
        var now = time.GetTimestamp();
        var actual = await versions.OfAllAsync([.. used.Select(entry => entry.Key)], ct);
        foreach (var ((tenant, id), entry) in used)
        {
            if (actual.GetValueOrDefault((tenant, id)) == entry.Loading.Result.Version)
                entry.TrueAt = now;
            else
                Forget(tenant, id, entry);
            entry.Used = false;
        }
    }

    private sealed class Entry
    {
        private readonly TaskCompletionSource<(TState State, long Version)> loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long trueAt;

        public Entry(long trueAt) => this.trueAt = trueAt;

        public Entry(long trueAt, (TState State, long Version) value)
        {
            this.trueAt = trueAt;
            loaded.SetResult(value);
        }

        public Task<(TState State, long Version)> Loading => loaded.Task;

        public long TrueAt
        {
            get => Volatile.Read(ref trueAt);
            set => Volatile.Write(ref trueAt, value);
        }

        public bool Used { get; set; }

        public async void Start(Func<Task<(TState State, long Version)>> load)
        {
            try
            {
                loaded.SetResult(await load());
            }
            catch (Exception error)
            {
                loaded.SetException(error);
            }
        }
    }
}

using System.Collections.Concurrent;
using Npgsql;

namespace Events.Commands.Secrets;

/// <summary>
/// The keys that personal data is sealed under: one row per person or invitation, wrapped by a key that only the master key
/// gives. Deleting the row is the erasure.
/// </summary>
public sealed class SubjectKeys(NpgsqlDataSource database, MasterKey master, TimeProvider time)
{
    /// <summary>Most subjects that one call opens for.</summary>
    public const int MaxSubjects = 2_000;

    private const int MaxCached = 20_000;

    // An erasure reaches other processes' memory by event at once; this bounds it for one that loaded the key in between.
    private static readonly TimeSpan CachedFor = TimeSpan.FromMinutes(1);

    private readonly byte[] wrapping = master.Derive("subject-keys");
    private readonly ConcurrentDictionary<Guid, (SubjectKey Key, DateTimeOffset Until)> cached = new();

    /// <summary>Seals under the subject's key, which is made if there is none: only for subjects that begin with this.</summary>
    public async Task<SealedText[]> SealNewAsync(Guid subject, IReadOnlyList<string> texts, CancellationToken ct)
    {
        var key = SubjectKey.New(subject);
        if (await InsertAsync(subject, key.Wrap(wrapping), ct))
            Remember(subject, key);
        else
            key = await FindAsync(subject, ct) ?? throw new InvalidOperationException("A subject's key went while it was being made.");
        return [.. texts.Select(key.Seal)];
    }

    /// <summary>Null when the subject was erased.</summary>
    public async Task<SealedText?> SealAsync(Guid subject, string text, CancellationToken ct) =>
        (await FindAsync(subject, ct))?.Seal(text);

    /// <summary>Null when the subject was erased.</summary>
    public async Task<string?> OpenAsync(SealedText? text, CancellationToken ct) =>
        text is { } value && await FindAsync(value.Subject, ct) is { } key ? key.Open(value) : null;

    /// <summary>What could be opened; the texts of erased subjects are missing.</summary>
    public async Task<IReadOnlyDictionary<SealedText, string>> OpenAllAsync(IReadOnlyCollection<SealedText> texts, CancellationToken ct)
    {
        var subjects = texts.Select(text => text.Subject).Distinct().ToArray();
        if (subjects.Length > MaxSubjects)
            throw new ArgumentException($"At most {MaxSubjects} subjects are opened at once.", nameof(texts));
        var keys = await FindAllAsync(subjects, ct);
        var opened = new Dictionary<SealedText, string>(texts.Count);
        foreach (var text in texts)
        {
            if (keys.TryGetValue(text.Subject, out var key) && key.Open(text) is { } plain)
                opened[text] = plain;
        }
        return opened;
    }

    private const string DestroySql =
        """
        delete from subject_keys
        where subject_id = any($1)
        """;

    /// <summary>From here on nothing sealed under these keys can be read, here or in another process.</summary>
    public async Task DestroyAsync(IReadOnlyCollection<Guid> subjects, CancellationToken ct)
    {
        await using var command = database.CreateCommand(DestroySql);
        command.Parameters.Add(new() { Value = subjects.ToArray() });
        await command.ExecuteNonQueryAsync(ct);
        foreach (var subject in subjects)
            Forget(subject);
    }

    /// <summary>Another process destroyed it.</summary>
    public void Forget(Guid subject) => cached.TryRemove(subject, out _);

    private async Task<SubjectKey?> FindAsync(Guid subject, CancellationToken ct) =>
        (await FindAllAsync([subject], ct)).GetValueOrDefault(subject);

    private const string FindSql =
        """
        select subject_id, wrapped
        from subject_keys
        where subject_id = any($1)
        """;

    private async Task<Dictionary<Guid, SubjectKey>> FindAllAsync(Guid[] subjects, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        var found = new Dictionary<Guid, SubjectKey>(subjects.Length);
        foreach (var subject in subjects)
        {
            if (cached.TryGetValue(subject, out var entry) && entry.Until > now)
                found[subject] = entry.Key;
        }
        if (found.Count == subjects.Length)
            return found;
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = subjects.Where(subject => !found.ContainsKey(subject)).ToArray() });
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
        {
            var subject = rows.GetGuid(0);
            found[subject] = SubjectKey.Unwrap(subject, rows.GetFieldValue<byte[]>(1), wrapping);
            Remember(subject, found[subject]);
        }
        return found;
    }

    private const string InsertSql =
        """
        insert into subject_keys (subject_id, wrapped)
        values ($1, $2)
        on conflict do nothing
        """;

    private async Task<bool> InsertAsync(Guid subject, byte[] wrapped, CancellationToken ct)
    {
        await using var command = database.CreateCommand(InsertSql);
        command.Parameters.Add(new() { Value = subject });
        command.Parameters.Add(new() { Value = wrapped });
        return await command.ExecuteNonQueryAsync(ct) == 1;
    }

    private void Remember(Guid subject, SubjectKey key)
    {
        // Full: start over rather than keep count of use. A miss costs one primary key look-up.
        if (cached.Count >= MaxCached)
            cached.Clear();
        cached[subject] = (key, time.GetUtcNow() + CachedFor);
    }
}

namespace Events.Platform.Embedded;

public sealed record EmbeddedPostgresOptions
{
    /// <summary>The folder that holds everything of this server: its data, log, password and lock. Created when absent.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where the programs are; null: PostgreSQL 18 from the user's cache, fetched the first time.</summary>
    public PostgresBinaries? Binaries { get; init; }

    /// <summary>A port on 127.0.0.1; null: a free one.</summary>
    public int? Port { get; init; }

    /// <summary>Server settings over the built-in ones.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

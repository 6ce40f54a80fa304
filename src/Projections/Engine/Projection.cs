using Events.EventStore;
using Events.Platform.Tenancy;

namespace Events.Projections.Engine;

/// <param name="StreamId">Unique in its tenant only.</param>
public readonly record struct StreamKey(TenantId Tenant, Guid StreamId)
{
    public bool Equals(StreamKey other) => StreamId == other.StreamId && Tenant == other.Tenant;

    // Streams of two tenants seldom have one id: hashing the tenant's text too would be most of a look-up.
    public override int GetHashCode() => StreamId.GetHashCode();
}

public enum MetadataNeed
{
    /// <summary><see cref="RecordedEvent.Timestamp"/> is no metadata: it is always there.</summary>
    Nothing,

    /// <summary><see cref="RecordedEvent.OccurredAt"/>.</summary>
    Times,

    /// <summary>That, and who caused it.</summary>
    ActorAndTimes,
}

/// <summary>
/// A read model: a name, a version, tables, and a fold from pages of events to set-based writes. The same fold feeds the live
/// tables and a rebuild, so that both hold the same rows.
/// </summary>
public abstract class Projection
{
    /// <summary>As in <c>mt_event_progression</c>, e.g. <c>TaskList</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Raised when the same events give other rows: the next start then rebuilds beside the live tables.</summary>
    public virtual int Version => 1;

    /// <summary>Moved together when a rebuild takes over.</summary>
    public abstract IReadOnlyList<string> Tables { get; }

    /// <summary>The embedded migration that creates the tables, its indexes after the line <c>-- indexes</c>.</summary>
    public abstract string Script { get; }

    /// <summary>Migrations that gave it further tables since, made alike.</summary>
    public virtual IReadOnlyList<string> LaterScripts => [];

    public string Shard => ShardOf(Name, Version);

    public static string ShardOf(string name, int version) => version == 1 ? $"{name}:All" : $"{name}:V{version}:All";

    /// <summary>Whether an event of this alias can change a row.</summary>
    public abstract bool Handles(string eventType);

    /// <summary>
    /// Projections of one lane move together, in one transaction a page; lanes do not wait for each other. 0: what people look at
    /// right after they changed something; the higher, the further apart its pages.
    /// </summary>
    public virtual int Lane => 0;

    /// <summary>What the fold reads of an event's metadata: a rebuild has only that sent.</summary>
    public virtual MetadataNeed Needs => MetadataNeed.Nothing;

    /// <summary>SQL for the hash of a row <c>t</c> of the table, for comparing tables.</summary>
    public virtual string HashOf(string table) => "hash_record_extended(t, 0)";

    /// <summary>Folds a few events into tables as they are now.</summary>
    internal abstract PageFold OpenPage();

    /// <summary>Folds all events of a set of streams into empty tables.</summary>
    internal abstract BulkFold OpenBulk();

    public override string ToString() => Name;
}

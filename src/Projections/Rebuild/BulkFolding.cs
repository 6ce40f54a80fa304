using System.Runtime.InteropServices;
using Events.EventStore;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using EventHash = Events.EventStore.Ledger.EventHash;

namespace Events.Projections.Rebuild;

/// <summary>Folds one set of streams in memory, and notes what cannot be folded.</summary>
internal sealed class BulkFolding(Projection projection, ProjectionHead head, Exclusions excluded)
{
    private readonly HashSet<StreamKey> bad = [];
    private readonly bool excludes = !excluded.IsEmpty;

    // By the very text object, of which the reader has one a tenant: comparing letters for every event costs more than the fold.
    private readonly Dictionary<object, LedgerEntry> entries = new(ReferenceEqualityComparer.Instance);

    public BulkFold Rows { get; } = projection.OpenBulk();

    /// <summary>Filled when it is closed.</summary>
    public LedgerPart Ledger { get; } = new();

    public List<PoisonEvent> Poison { get; } = [];

    public void Fold(RecordedEvent recorded)
    {
        if (excludes || bad.Count > 0)
        {
            var stream = new StreamKey(recorded.Tenant, recorded.StreamId);
            if (excluded.Excludes(stream, recorded.Version) || bad.Contains(stream))
                return;
        }

        ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, recorded.Tenant.Value, out _);
        entry = entry.With(EventHash.Of(recorded));
        if (!projection.Handles(recorded.Type))
            return;
        try
        {
            if (recorded.Body is UnreadableEvent or null)
                throw new UnreadableEventException(recorded);
            Rows.Fold(recorded);
        }
        catch (Exception error)
        {
            bad.Add(new StreamKey(recorded.Tenant, recorded.StreamId));
            Poison.Add(PoisonEvent.Of(head, recorded, error));
        }
    }

    /// <summary>After the last event.</summary>
    public void Close()
    {
        Rows.Close();
        foreach (var (tenant, entry) in entries)
            Ledger.Add(new TenantId((string)tenant), entry);
    }
}

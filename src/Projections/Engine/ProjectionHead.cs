namespace Events.Projections.Engine;

/// <summary>What a process knows of a projection that it owns, since it took or renewed the lease.</summary>
/// <param name="Epoch">Raised by whoever takes the projection over or changes it from outside: a page that was folded under an older one is refused.</param>
/// <param name="Position">Up to and with which the live tables hold everything but what is parked.</param>
internal sealed record ProjectionHead(string Name, string Shard, int Version, int Generation, long Epoch, long Position)
{
    /// <summary>Fed page by page however far behind: nobody rebuilds it by itself, because the last try failed or an operator went back.</summary>
    public bool FedAnyway { get; init; }
}

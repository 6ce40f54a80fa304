using System.Globalization;
using Events.Platform.Tenancy;

namespace Events.EventStore;

/// <summary>An event as it is on disk, in commit order.</summary>
/// <param name="Position">Global, increasing in commit order, not dense.</param>
/// <param name="Version">In its stream, from 1, dense.</param>
/// <param name="Type">Alias, e.g. <c>task_created</c>.</param>
/// <param name="Data">JSON, UTF-8.</param>
/// <param name="Body">The deserialised (and upcast) event; null when no type is registered under the alias, an <see cref="UnreadableEvent"/> when the data is not of its shape.</param>
public sealed record RecordedEvent(
    long Position,
    Guid Id,
    TenantId Tenant,
    Guid StreamId,
    long Version,
    string Type,
    ReadOnlyMemory<byte> Data,
    DateTimeOffset Timestamp,
    EventMetadata Metadata,
    bool IsArchived,
    object? Body)
{
    /// <summary>When it happened: for what was imported or restored, long before <see cref="Timestamp"/>.</summary>
    public DateTimeOffset OccurredAt { get; } =
        HeaderTime(Metadata.Headers, EventMetadata.OccurredAtHeader) ?? HeaderTime(Metadata.Headers, EventMetadata.RecordedAtHeader) ?? Timestamp;

    private static DateTimeOffset? HeaderTime(IReadOnlyDictionary<string, string>? headers, string name) =>
        headers is not null
        && headers.TryGetValue(name, out var text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at)
            ? at
            : null;
}

using System.Text.Json.Serialization;

namespace Events.Chaos.Store;

/// <summary>Every event of the scenario: which unit wrote it, and how many events that unit has.</summary>
internal sealed record UnitMarked(Guid UnitId, int Count);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UnitMarked))]
internal sealed partial class StoreJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Events.EventStore.Tests;

internal sealed record NoteWritten(string Text, int Number);

internal sealed record NoteRevised(string Text);

internal sealed record RawNote(JsonElement Raw);

/// <summary>The first shape of a tag: one name.</summary>
internal sealed record NoteTaggedV1(string Tag);

/// <summary>The second: several, as one text.</summary>
internal sealed record NoteTaggedV2(string Tags);

/// <summary>Today's.</summary>
internal sealed record NoteTagged(IReadOnlyList<string> Tags);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NoteWritten))]
[JsonSerializable(typeof(NoteRevised))]
[JsonSerializable(typeof(RawNote))]
[JsonSerializable(typeof(NoteTaggedV1))]
[JsonSerializable(typeof(NoteTaggedV2))]
[JsonSerializable(typeof(NoteTagged))]
internal sealed partial class SampleJson : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace Events.EventStore.Tests;

internal sealed record NoteWritten(string Text, int Number);

internal sealed record NoteRevised(string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NoteWritten))]
[JsonSerializable(typeof(NoteRevised))]
internal sealed partial class SampleJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Events.Commands.Secrets;

/// <summary>
/// Personal data as it stands in events: encrypted under the key of the person (or invitation) that it is about. Destroying
/// that key makes every copy, in the store, in exports and in backups of the tables, unreadable.
/// </summary>
/// <remarks>On the wire one string, <c>sealed:1:&lt;subject&gt;:&lt;base64url of nonce, tag and ciphertext&gt;</c>.</remarks>
[JsonConverter(typeof(SealedTextJson))]
public readonly record struct SealedText(string Value)
{
    public const string Prefix = "sealed:1:";

    private const int SubjectAt = 9;
    private const int SubjectLength = 32;
    private const int BodyAt = SubjectAt + SubjectLength + 1;

    /// <summary>Whose key opens it.</summary>
    public Guid Subject => Guid.ParseExact(Value.AsSpan(SubjectAt, SubjectLength), "N");

    public ReadOnlySpan<char> Body => Value.AsSpan(BodyAt);

    public static bool IsSealed(string? text) =>
        text is { Length: > BodyAt } && text.StartsWith(Prefix, StringComparison.Ordinal) && text[BodyAt - 1] == ':'
        && Guid.TryParseExact(text.AsSpan(SubjectAt, SubjectLength), "N", out _);

    internal static SealedText Of(Guid subject, ReadOnlySpan<byte> body) =>
        new($"{Prefix}{subject:N}:{System.Buffers.Text.Base64Url.EncodeToString(body)}");

    public override string ToString() => Value;
}

public sealed class SealedTextJson : JsonConverter<SealedText>
{
    public override SealedText Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetString() is { } text && SealedText.IsSealed(text) ? new(text) : throw new JsonException("Not a sealed text.");

    public override void Write(Utf8JsonWriter writer, SealedText value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

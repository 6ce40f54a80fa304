using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Events.EventStore;

/// <summary>
/// Reads an event only from data that has all of it. Other programs append to the same streams, and past the commands: what is null or
/// missing where the event's type promises a value is not that event. Members that may be null may be missing too; so they are written.
/// </summary>
internal sealed class WholeData
{
    private readonly Dictionary<JsonSerializerOptions, JsonSerializerOptions> strict = [];

    /// <summary>As <paramref name="json"/>, for reading.</summary>
    public JsonTypeInfo<T> Of<T>(JsonTypeInfo<T> json)
    {
        if (!strict.TryGetValue(json.Options, out var options))
            strict.Add(json.Options, options = Strictly(json.Options));
        return (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
    }

    private static JsonSerializerOptions Strictly(JsonSerializerOptions usual) => new(usual)
    {
        RespectNullableAnnotations = true,
        TypeInfoResolver = usual.TypeInfoResolver!.WithAddedModifier(Require),
        Converters = { new Texts() },
    };

    // Not RespectRequiredConstructorParameters: by that, what may be null is required as well.
    private static void Require(JsonTypeInfo type)
    {
        foreach (var property in type.Properties)
        {
            if (property.AssociatedParameter is { IsNullable: false, HasDefaultValue: false })
                property.IsRequired = true;
        }
    }

    /// <summary>What a list holds, annotations do not reach.</summary>
    private sealed class Texts : JsonConverter<IReadOnlyList<string>>
    {
        public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException("It is no list of texts.");
            var texts = new List<string>();
            while (reader.Read() && reader.TokenType == JsonTokenType.String)
                texts.Add(reader.GetString()!);
            return reader.TokenType == JsonTokenType.EndArray ? texts : throw new JsonException("A list of texts holds something else.");
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options) =>
            throw new NotSupportedException("It is for reading.");
    }
}

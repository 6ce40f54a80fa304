using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Events.Http.Bodies;

/// <summary>An enum's names on the wire, as its <see cref="JsonStringEnumMemberNameAttribute"/>s say.</summary>
public static class WireNames
{
    public static WireNames<TEnum> Of<TEnum>()
        where TEnum : struct, Enum => Cache<TEnum>.Value;

    private static class Cache<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly WireNames<TEnum> Value = Make();

        private static WireNames<TEnum> Make()
        {
            var fields = typeof(TEnum).GetFields(System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.Static);
            var pairs = fields
                .Select(field => (
                    Name: field.GetCustomAttributes(typeof(JsonStringEnumMemberNameAttribute), false).OfType<JsonStringEnumMemberNameAttribute>().FirstOrDefault()?.Name
                        ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(field.Name),
                    Value: (TEnum)field.GetValue(null)!))
                .ToList();
            return new([.. pairs.Select(p => (Encoding.UTF8.GetBytes(p.Name), p.Value))], [.. pairs.Select(p => p.Name)]);
        }
    }
}

public sealed record WireNames<TEnum>(IReadOnlyList<(byte[] Text, TEnum Value)> Pairs, IReadOnlyList<string> Names)
    where TEnum : struct, Enum
{
    public TEnum? Find(ReadOnlySpan<char> name)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (name.SequenceEqual(Names[i]))
                return Pairs[i].Value;
        }

        return null;
    }

    public string NameOf(TEnum value)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (EqualityComparer<TEnum>.Default.Equals(Pairs[i].Value, value))
                return Names[i];
        }

        throw new ArgumentOutOfRangeException(nameof(value));
    }
}

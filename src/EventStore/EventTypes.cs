using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Events.EventStore;

/// <summary>
/// The event types that this process writes and reads: alias on disk ↔ CLR type ↔ its source-generated JSON. Filled while the
/// services are composed and closed by its first use.
/// </summary>
/// <remarks>
/// A changed shape gets a new alias (by convention <c>name_v2</c>) and the older one an upcaster, which leads to the newer
/// type, directly or in steps. What is on disk never changes.
/// </remarks>
public sealed class EventTypes
{
    public const int MaxAliasLength = 500;

    private readonly Dictionary<string, EventType> byAlias = new(StringComparer.Ordinal);
    private readonly Dictionary<Type, EventType> byType = [];
    private readonly WholeData wholeData = new();
    private readonly Lock closing = new();
    private FrozenDictionary<string, EventType>? aliases;
    private FrozenDictionary<Type, EventType>? types;

    /// <param name="alias">Snake case, unique; on disk for ever.</param>
    /// <param name="json">What of its members may not be null must be in the data, so that what a type gets later has a default or is nullable.</param>
    public EventTypes Add<T>(string alias, JsonTypeInfo<T> json)
        where T : class
    {
        Register(new EventType(alias, typeof(T), json, Reading(json), upcast: null));
        return this;
    }

    /// <summary>An older shape: read as <typeparamref name="TOld"/> and turned into what came after it; never written.</summary>
    public EventTypes AddUpcaster<TOld, TNew>(string alias, JsonTypeInfo<TOld> json, Func<TOld, TNew> upcast)
        where TOld : class
        where TNew : class
    {
        Register(new EventType(alias, typeof(TOld), json, Reading(json), old => upcast((TOld)old)));
        return this;
    }

    public IEnumerable<string> Aliases => Closed().Keys.Order(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">The type was not added, or is an older shape.</exception>
    internal EventType ToWrite(Type type)
    {
        Closed();
        return types!.TryGetValue(type, out var found) && found.Upcast is null
            ? found
            : throw new InvalidOperationException($"{type.FullName} is not an event that can be written: add it to EventTypes.");
    }

    /// <exception cref="InvalidUnitException">The alias is unknown here: what it says could never be read.</exception>
    internal EventType ToRestore(string alias) => Closed().TryGetValue(alias, out var found)
        ? found
        : throw new InvalidUnitException("unknown_event_type", $"This version knows no event {alias}.");

    /// <summary>The event as its newest type.</summary>
    /// <returns>False for an alias that this build does not know.</returns>
    /// <exception cref="JsonException">The data is not of the alias's shape, or lacks what must be there.</exception>
    public bool TryRead(string alias, ReadOnlySpan<byte> data, [NotNullWhen(true)] out object? body)
    {
        body = null;
        if (!Closed().TryGetValue(alias, out var type))
            return false;
        body = type.Read(data) ?? throw new JsonException($"The data of a {alias} is null.");
        while (type.Upcast is not null)
        {
            body = type.Upcast(body);
            type = types![body.GetType()];
        }

        return true;
    }

    private EventReading Reading<T>(JsonTypeInfo<T> json)
    {
        var whole = wholeData.Of(json);
        return data => JsonSerializer.Deserialize(data, whole);
    }

    private void Register(EventType type)
    {
        if (aliases is not null)
            throw new InvalidOperationException($"EventTypes is in use: {type.Alias} comes too late.");
        if (type.Alias.Length is 0 or > MaxAliasLength || type.Alias.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '_'))
            throw new ArgumentException($"An event alias is snake_case: \"{type.Alias}\" is not.", nameof(type));
        if (!byAlias.TryAdd(type.Alias, type))
            throw new ArgumentException($"The event alias {type.Alias} is taken by {byAlias[type.Alias].Type.FullName}.", nameof(type));
        if (!byType.TryAdd(type.Type, type))
            throw new ArgumentException($"{type.Type.FullName} already has the alias {byType[type.Type].Alias}.", nameof(type));
    }

    private FrozenDictionary<string, EventType> Closed()
    {
        if (aliases is { } closed)
            return closed;
        lock (closing)
        {
            types ??= byType.ToFrozenDictionary();
            return aliases ??= byAlias.ToFrozenDictionary(StringComparer.Ordinal);
        }
    }
}

/// <param name="upcast">Null for a current shape.</param>
internal sealed class EventType(string alias, Type type, JsonTypeInfo json, EventReading read, Func<object, object>? upcast)
{
    public string Alias => alias;

    public Type Type => type;

    public JsonTypeInfo Json => json;

    public EventReading Read => read;

    public Func<object, object>? Upcast => upcast;

    /// <summary>As Marten writes it: no version, so that it survives the next build.</summary>
    public string DotNetType { get; } = $"{type.FullName}, {type.Assembly.GetName().Name}";
}

internal delegate object? EventReading(ReadOnlySpan<byte> data);

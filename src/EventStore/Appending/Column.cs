using Npgsql;
using NpgsqlTypes;

namespace Events.EventStore.Appending;

/// <summary>An array parameter whose list is refilled for every batch.</summary>
internal abstract class Column
{
    public abstract NpgsqlParameter Parameter { get; }

    public abstract void Clear();
}

internal sealed class Column<T> : Column
{
    private readonly List<T> values = [];

    public Column(NpgsqlDbType element) =>
        Parameter = new NpgsqlParameter<List<T>> { NpgsqlDbType = NpgsqlDbType.Array | element, TypedValue = values };

    public override NpgsqlParameter Parameter { get; }

    public int Count => values.Count;

    public void Add(T value) => values.Add(value);

    public override void Clear() => values.Clear();
}

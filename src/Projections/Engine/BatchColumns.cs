using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Events.Projections.Engine;

/// <summary>Rows as parallel arrays for <c>unnest</c>: one statement, and one plan, for any number of rows.</summary>
internal static class BatchColumns
{
    public static void AddColumn<TRow, TValue>(this NpgsqlBatchCommand command, IReadOnlyCollection<TRow> rows, Func<TRow, TValue> value)
    {
        var values = new TValue[rows.Count];
        var at = 0;
        foreach (var row in rows)
            values[at++] = value(row);
        var parameter = new NpgsqlParameter<TValue[]> { TypedValue = values };
        // An array of nullable moments names no kind when all are null.
        if (typeof(TValue) == typeof(DateTime) || typeof(TValue) == typeof(DateTime?))
            parameter.NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz;
        command.Parameters.Add(parameter);
    }

    /// <summary>A list of texts as PostgreSQL reads it: an array of arrays must be even, an array of such texts need not.</summary>
    public static string ArrayLiteral(IReadOnlyList<string> values)
    {
        if (values.Count == 0)
            return "{}";
        var text = new StringBuilder("{");
        for (var i = 0; i < values.Count; i++)
        {
            text.Append(i == 0 ? "\"" : ",\"");
            foreach (var c in values[i])
            {
                if (c is '"' or '\\')
                    text.Append('\\');
                text.Append(c);
            }

            text.Append('"');
        }

        return text.Append('}').ToString();
    }

    /// <summary>JSON texts as <c>jsonb[]</c>.</summary>
    public static void AddJsonColumn<TRow>(this NpgsqlBatchCommand command, IReadOnlyCollection<TRow> rows, Func<TRow, string> value)
    {
        command.AddColumn(rows, value);
        command.Parameters[^1].NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb;
    }
}

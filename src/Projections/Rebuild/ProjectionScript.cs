using System.Text.RegularExpressions;
using Events.Projections.Engine;

namespace Events.Projections.Rebuild;

/// <summary>
/// A projection's migration, in parts: it made the live tables once, and makes the tables of every rebuild in the schema beside
/// them. So both are the same by construction.
/// </summary>
/// <param name="Tables">Creates the tables without indexes.</param>
/// <param name="Indexes">One statement each; they may run at the same time.</param>
/// <param name="Constraints">After the indexes, one after the other.</param>
internal sealed partial record ProjectionScript(string Tables, IReadOnlyList<string> Indexes, IReadOnlyList<string> Constraints)
{
    private const string Marker = "-- indexes\n";

    public static ProjectionScript Of(Projection projection)
    {
        var assembly = typeof(Projection).Assembly;
        var resource = assembly.GetManifestResourceNames().Single(n => n.EndsWith($".Migrations.{projection.Script}.sql", StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var parts = reader.ReadToEnd().ReplaceLineEndings("\n").Split(Marker);
        if (parts.Length != 2)
            throw new InvalidOperationException($"{projection.Script} needs one line \"-- indexes\" between its tables and its indexes.");

        var statements = parts[1].Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new ProjectionScript(
            parts[0],
            [.. statements.Where(s => s.StartsWith("create ", StringComparison.Ordinal)).Select(s => CreateIndex().Replace(s, "$0 if not exists", 1))],
            [.. statements.Where(s => s.StartsWith("alter table ", StringComparison.Ordinal))]);
    }

    [GeneratedRegex("^create (unique )?index", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CreateIndex();
}

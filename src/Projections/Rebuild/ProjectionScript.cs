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
        List<(string Tables, string[] Indexes)> parts = [Read(projection.Script), .. projection.LaterScripts.Select(Read)];
        var statements = parts.SelectMany(p => p.Indexes).ToList();
        return new ProjectionScript(
            string.Concat(parts.Select(p => p.Tables)),
            [.. statements.Where(s => s.StartsWith("create ", StringComparison.Ordinal)).Select(s => CreateIndex().Replace(s, "$0 if not exists", 1))],
            [.. statements.Where(s => s.StartsWith("alter table ", StringComparison.Ordinal))]);
    }

    private static (string Tables, string[] Indexes) Read(string script)
    {
        var assembly = typeof(Projection).Assembly;
        var resource = assembly.GetManifestResourceNames().Single(n => n.EndsWith($".Migrations.{script}.sql", StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        var parts = reader.ReadToEnd().ReplaceLineEndings("\n").Split(Marker);
        return parts.Length == 2
            ? (parts[0], parts[1].Split(";\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            : throw new InvalidOperationException($"{script} needs one line \"-- indexes\" between its tables and its indexes.");
    }

    [GeneratedRegex("^create (unique )?index", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CreateIndex();
}

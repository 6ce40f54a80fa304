using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Events.Platform.Migrations;

/// <summary>One numbered step of the schema, embedded in its project as <c>Migrations/NNNN_name.sql</c>.</summary>
/// <param name="Checksum">SHA-256 of the text with line ends as <c>\n</c>, in lower-case hex.</param>
public sealed partial record Migration(int Number, string Name, string Sql, string Checksum)
{
    /// <exception cref="InvalidOperationException">Two files share a number.</exception>
    public static IReadOnlyList<Migration> In(IEnumerable<Assembly> assemblies)
    {
        var migrations = assemblies.Distinct().SelectMany(In).OrderBy(m => m.Number).ToList();
        foreach (var (first, second) in migrations.Zip(migrations.Skip(1)))
        {
            if (first.Number == second.Number)
                throw new InvalidOperationException($"Two migrations have the number {first.Number}: {first.Name} and {second.Name}.");
        }

        return migrations;
    }

    private static IEnumerable<Migration> In(Assembly assembly)
    {
        foreach (var resource in assembly.GetManifestResourceNames())
        {
            if (ResourceName().Match(resource) is not { Success: true } match)
                continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var sql = reader.ReadToEnd().ReplaceLineEndings("\n");
            var checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            yield return new Migration(int.Parse(match.Groups["number"].Value), match.Groups["name"].Value, sql, checksum);
        }
    }

    [GeneratedRegex(@"\.Migrations\.(?<number>\d{4})_(?<name>\w+)\.sql$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ResourceName();
}

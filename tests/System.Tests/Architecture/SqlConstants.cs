using System.Reflection;
using System.Text.RegularExpressions;

namespace Events.System.Tests.Architecture;

/// <param name="Name">Type and field, e.g. <c>Events.EventStore.EventReader.PageSql</c>.</param>
internal sealed record SqlConstant(string Name, string Text);

/// <summary>Every constant of the source assemblies that is SQL, found by its name or its first word.</summary>
internal static partial class SqlConstants
{
    public static IReadOnlyList<SqlConstant> All { get; } =
    [
        .. from assembly in Repository.Assemblies
           from type in assembly.GetTypes()
           from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
           where field.IsLiteral && field.FieldType == typeof(string)
           let text = (string)field.GetRawConstantValue()!
           where field.Name.EndsWith("Sql", StringComparison.Ordinal) || FirstWord().IsMatch(text)
           select new SqlConstant($"{type.FullName}.{field.Name}", text),
    ];

    [GeneratedRegex(@"\A\s*(--.*\s+)*(with|select|insert into|update|delete from|merge into|copy|listen|notify|lock table|truncate|create|alter|drop|do|set)\s[\s\S]*\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FirstWord();
}

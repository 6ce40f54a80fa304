using System.Reflection;
using Events.Fixtures;

namespace Events.System.Tests.Architecture;

/// <summary>The source tree that these tests were built from, and what was built.</summary>
internal static class Repository
{
    public static string Root => SourceTree.Root;

    /// <summary>The projects of src, by folder.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static string ProjectFile(string project) => Path.Combine(Root, "src", project, $"{project}.csproj");

    public static IReadOnlyList<Assembly> Assemblies { get; } =
        [.. Projects.Select(project => Assembly.Load(project == "Http" ? "events" : $"Events.{project}"))];
}

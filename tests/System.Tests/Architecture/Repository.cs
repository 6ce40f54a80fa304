using System.Reflection;

namespace Events.System.Tests.Architecture;

/// <summary>The source tree that these tests were built from, and what was built.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The projects of src, by folder.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public static string ProjectFile(string project) => Path.Combine(Root, "src", project, $"{project}.csproj");

    public static IReadOnlyList<Assembly> Assemblies { get; } =
        [.. Projects.Select(project => Assembly.Load(project == "Http" ? "events" : $"Events.{project}"))];

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Events.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("These tests run inside the repository.");
    }
}

namespace Events.Fixtures;

/// <summary>The repository that the running program was built in, whatever the working directory is.</summary>
public static class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>A folder below <c>artifacts/</c>, created when it is not there.</summary>
    public static string Artifacts(params string[] path) =>
        Directory.CreateDirectory(Path.Combine([Root, "artifacts", .. path])).FullName;

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Events.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new InvalidOperationException("This program runs inside the repository that it was built in.");
    }
}

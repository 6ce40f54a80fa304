namespace Events.Http.Hosting;

/// <summary><c>Events__DataDirectory</c>: the embedded database, stored files and run.json, on this machine.</summary>
public sealed record DataDirectory(string Path)
{
    public const string Key = "Events:DataDirectory";

    public static DataDirectory Read(IConfiguration configuration) =>
        new(System.IO.Path.GetFullPath(configuration[Key] is { Length: > 0 } configured ? configured : ".events"));

    public string File(string name) => System.IO.Path.Combine(Path, name);
}

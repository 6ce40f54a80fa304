using System.Text.Json;
using System.Text.Json.Serialization;
using Events.Platform.Embedded;

namespace Events.Http.Hosting;

/// <summary><c>run.json</c> in the data directory while the service runs, for scripts; readable by its owner alone.</summary>
/// <param name="Email">The demo workspace's login, as the next three; null without one.</param>
/// <param name="Token">A bearer token.</param>
/// <param name="Postgres">A <c>postgresql://</c> URI.</param>
internal sealed record RunFile(string Url, string? Email, string? Password, string? Token, string? WorkspaceId, int Pid, string Postgres)
{
    public const string Name = "run.json";

    public Task WriteAsync(DataDirectory directory, CancellationToken ct)
    {
        Directory.CreateDirectory(directory.Path);
        return PrivateFile.WriteAsync(directory.File(Name), JsonSerializer.Serialize(this, RunFileJson.Default.RunFile), ct);
    }

    public static void Delete(DataDirectory directory) => File.Delete(directory.File(Name));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(RunFile))]
internal sealed partial class RunFileJson : JsonSerializerContext;

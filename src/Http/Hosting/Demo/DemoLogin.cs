using System.Text.Json;
using System.Text.Json.Serialization;
using Events.Platform.Embedded;

namespace Events.Http.Hosting.Demo;

/// <summary>How to get into the demo workspace; kept in the data directory, readable by its owner alone.</summary>
/// <param name="IsFilled">False while its tasks are being made: a start that was cut short is taken up again by the next.</param>
internal sealed record DemoLogin(string Email, string Password, string Token, Guid WorkspaceId, Guid PersonId, bool IsFilled)
{
    private const string Name = "demo.json";

    public static async Task<DemoLogin?> ReadAsync(DataDirectory directory, CancellationToken ct)
    {
        var path = directory.File(Name);
        return File.Exists(path) ? JsonSerializer.Deserialize(await File.ReadAllTextAsync(path, ct), DemoLoginJson.Default.DemoLogin) : null;
    }

    public Task WriteAsync(DataDirectory directory, CancellationToken ct) =>
        PrivateFile.WriteAsync(directory.File(Name), JsonSerializer.Serialize(this, DemoLoginJson.Default.DemoLogin), ct);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(DemoLogin))]
internal sealed partial class DemoLoginJson : JsonSerializerContext;

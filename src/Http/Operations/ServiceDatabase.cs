using System.Text.Json;
using Events.Http.Hosting;
using Events.Platform.Startup;

namespace Events.Http.Operations;

/// <summary>What a command operates on: the database of <c>ConnectionStrings__Postgres</c>, or of the service that runs in the data directory.</summary>
internal static class ServiceDatabase
{
    private const string UsualLevel = "Logging:LogLevel:Default";

    /// <exception cref="CannotStartException">There is neither.</exception>
    public static void Use(WebApplicationBuilder builder)
    {
        if (Find(builder.Configuration) is { } connection)
            builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Postgres", connection)]);
        // What a command prints is its answer; what goes well is not told twice.
        if (builder.Configuration[UsualLevel] is null)
            builder.Configuration.AddInMemoryCollection([new(UsualLevel, nameof(LogLevel.Warning))]);
    }

    private static string? Find(IConfiguration configuration)
    {
        if (configuration.GetConnectionString("Postgres") is { Length: > 0 } configured)
            return configured;
        var file = DataDirectory.Read(configuration).File(RunFile.Name);
        if (!File.Exists(file))
            throw new CannotStartException("Set ConnectionStrings__Postgres, or Events__DataDirectory to where the service runs.");
        return JsonSerializer.Deserialize(File.ReadAllBytes(file), RunFileJson.Default.RunFile)?.Postgres;
    }
}

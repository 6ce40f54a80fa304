using Events.Commands.Secrets;
using Events.Http.Hosting.Demo;
using Events.Platform.Embedded;
using Events.Platform.Migrations;
using Events.Platform.Postgres;
using Events.Platform.Redis;
using Events.Platform.Startup;
using Microsoft.AspNetCore.Connections;

namespace Events.Http.Hosting;

/// <summary>Brings up the database, the schema and the roles, says where, and stops all of it in reverse.</summary>
internal static class ServeCommand
{
    // 128 MB of changes until a new data directory makes its own, and by then a checkpoint has kept some.
    private const int LogFiles = 8;

    public static async Task<int> RunAsync(string[] args, CancellationToken ct)
    {
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build();
        ListenAddresses.RequireFree(configuration["ASPNETCORE_URLS"] ?? configuration["urls"] ?? EventsApplication.DefaultUrl);
        var directory = DataDirectory.Read(configuration);
        await using var embedded = string.IsNullOrWhiteSpace(configuration.GetConnectionString("Postgres"))
            ? await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = directory.Path }, ct)
            : null;
        if (embedded is { IsNew: true })
            await embedded.PrepareLogAsync(LogFiles, ct);

        await using var app = EventsApplication.Build(args, builder => UseEmbedded(builder, embedded));
        app.Services.GetRequiredService<RedisClient>();
        await PostgresVersion.RequireAsync(app.Services.GetRequiredService<DirectDataSource>().DataSource, ct);
        await app.Services.GetRequiredService<Migrator>().MigrateAsync(ct);
        await app.Services.GetRequiredService<MasterKeyCheck>().RequireSameAsync(ct);
        await StartAsync(app, ct);

        try
        {
            var demo = args.Contains("--demo", StringComparer.Ordinal) ? await app.Services.GetRequiredService<DemoWorkspace>().EnsureAsync(ct) : null;
            await AnnounceAsync(app, directory, embedded, demo, ct);
            await app.WaitForShutdownAsync(ct);
        }
        finally
        {
            RunFile.Delete(directory);
            await app.StopAsync(CancellationToken.None);
        }

        return 0;
    }

    private static void UseEmbedded(WebApplicationBuilder builder, EmbeddedPostgres? embedded)
    {
        if (embedded is not null)
            builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Postgres", embedded.ConnectionString)]);
    }

    private static async Task StartAsync(WebApplication app, CancellationToken ct)
    {
        try
        {
            await app.StartAsync(ct);
        }
        catch (IOException error) when (error.InnerException is AddressInUseException)
        {
            throw new CannotStartException($"{error.Message.TrimEnd('.')}: choose another port with ASPNETCORE_URLS.", error);
        }
    }

    private static async Task AnnounceAsync(WebApplication app, DataDirectory directory, EmbeddedPostgres? embedded, DemoLogin? demo, CancellationToken ct)
    {
        var postgres = embedded?.Uri.ToString() ?? ConnectionUri.Format(app.Services.GetRequiredService<PostgresOptions>().ConnectionString);
        var run = new RunFile(ReachableUrl(app), demo?.Email, demo?.Password, demo?.Token, demo?.WorkspaceId.ToString("D"), Environment.ProcessId, postgres);
        await run.WriteAsync(directory, ct);
        Console.WriteLine($"\n  Events is ready at {run.Url}\n");
        if (demo is not null)
            Console.WriteLine($"  login     {run.Email}\n  password  {run.Password}\n\n  curl -H 'Authorization: Bearer {run.Token}' '{run.Url}/api/v1/tasks?limit=5'\n");
        Console.WriteLine($"  database  {run.Postgres}\n  stop      Ctrl-C\n");
    }

    /// <summary>An address that a browser on this machine takes: bound to every interface means localhost too.</summary>
    private static string ReachableUrl(WebApplication app) =>
        app.Urls.First().Replace("://[::]", "://localhost", StringComparison.Ordinal).Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal);
}

using System.Security.Cryptography;
using System.Text;
using Events.Commands;
using Events.Commands.People;
using Events.EventStore;
using Events.Fixtures;
using Events.Messaging;
using Events.Platform.ObjectStorage;
using Events.Platform.Tenancy;
using Events.Projections;
using Events.Workers.Files;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Events.Workers.Tests.Hosting;

/// <summary>A process of the role <c>jobs</c> on a database of its own, with workspaces and files at hand.</summary>
public sealed class Workshop : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly ServiceProvider services;
    private readonly string folder;

    private Workshop(TestDatabase database, ServiceProvider services, string folder)
    {
        this.database = database;
        this.services = services;
        this.folder = folder;
    }

    public static async Task<Workshop> OpenAsync(PostgresServer server, Action<IServiceCollection>? configure = null)
    {
        var database = await server.CreateDatabaseAsync(
            typeof(EventStoreServices).Assembly, typeof(MessagingServices).Assembly, typeof(CommandServices).Assembly, typeof(ProjectionServices).Assembly, typeof(WorkerServices).Assembly);
        var folder = Directory.CreateTempSubdirectory("events-workshop-").FullName;
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder()
            .AddInMemoryCollection([new("Events:DataDirectory", folder), new("Events:Imports:ChunkRows", "10")]).Build());
        services.AddSingleton(database.DataSource);
        services.AddSingleton(database.Direct);
        services.AddSingleton(TimeProvider.System);
        services.AddTasksAndProjects();
        services.AddIdentity();
        services.AddProjections();
        services.AddWorkers();
        services.AddMessageWorker();
        services.AddObjectStorage(new ConfigurationBuilder().Build(), _ => folder);
        configure?.Invoke(services);
        return new Workshop(database, services.BuildServiceProvider(), folder);
    }

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    public IServiceProvider Services => services;

    public FileStore Files => Get<FileStore>();

    public EventReader Events => Get<EventReader>();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>A workspace with one owner.</summary>
    public async Task<Workspace> FoundAsync(string email = "")
    {
        EmailAddress.TryParse(email.Length > 0 ? email : $"{Guid.NewGuid():n}@example.com", out var address).ShouldBeTrue();
        var founded = await Get<Founding>().FoundAsync("Test", "Tester", address!.Value, "a long enough passphrase", Ct);
        return new Workspace(this, new TenantId(founded.WorkspaceId), founded.PersonId);
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

public sealed record Workspace(Workshop Workshop, TenantId Tenant, Guid Owner)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public string Actor => Owner.ToString("D");

    public async Task<StoredFile> UploadAsync(string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return await Workshop.Files.WriteAsync(
            Tenant, Guid.CreateVersion7(), Actor, name, "text/plain", FilePurpose.Upload, "test", (stream, ct) => stream.WriteAsync(bytes, ct).AsTask(), Ct);
    }

    public async Task<ImportRecord> ImportAsync(string name, string format, string text, bool dryRun = false, Guid? projectId = null)
    {
        var file = await UploadAsync(name, text);
        var import = new ImportRecord(Tenant, Guid.CreateVersion7(), file.Id, name, format, "", projectId, ImportMapping.Guess, dryRun, Actor);
        await Workshop.Get<ImportTable>().AddAsync(import, Ct);
        return import;
    }

    internal async Task<ImportResult> RunAsync(ImportRecord import, Action<ImportProgress>? progress = null, CancellationToken? ct = null) =>
        await Workshop.Get<TaskImport>().RunAsync(
            (await Workshop.Get<ImportTable>().FindAsync(Tenant, import.Id, Ct))!, progress ?? (static _ => { }), ct ?? Ct);

    internal async Task<ImportResult> RunAsync(string name, string format, string text, bool dryRun = false) =>
        await RunAsync(await ImportAsync(name, format, text, dryRun));

    public async Task<IReadOnlyList<RecordedEvent>> EventsAsync(string? type = null) =>
        await Workshop.Events.ReadAllAsync(0, new EventFilter { Tenant = Tenant, Types = type is null ? null : [type] }, Ct).ToListAsync(Ct);

    public async Task<string> ReadAsync(Guid fileId)
    {
        var file = (await Workshop.Files.FindAsync(Tenant, fileId, Ct))!;
        await using var stream = await Workshop.Files.OpenAsync(file, Ct);
        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync(Ct);
        file.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(await BytesAsync(file))));
        return text;
    }

    private async Task<byte[]> BytesAsync(StoredFile file)
    {
        await using var stream = await Workshop.Files.OpenAsync(file, Ct);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy, Ct);
        return copy.ToArray();
    }
}

namespace Events.Fixtures.NodeServices;

/// <summary>An S3 server (npm <c>s3rver</c>) with one bucket, its files in a folder that goes with it.</summary>
public sealed class S3Server : IAsyncDisposable
{
    public const string Bucket = "files";
    public const string AccessKey = "S3RVER";
    public const string SecretKey = "S3RVER";

    private readonly NodeService service;
    private readonly string folder;

    private S3Server(NodeService service, string folder)
    {
        this.service = service;
        this.folder = folder;
    }

    public Uri Url => new($"http://127.0.0.1:{service.Port}");

    public static async Task<S3Server> StartAsync(CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("events-s3-").FullName;
        var service = await NodeService.StartAsync(
            "s3rver", "3.7.1", "s3rver/bin/s3rver.js", ["-d", folder, "-a", "127.0.0.1", "-p", "0", "--configure-bucket", Bucket], ct);
        return new S3Server(service, folder);
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

using Events.Commands.Permissions;
using Events.Http.Auth;
using Events.Http.Describing;
using Events.Platform.ObjectStorage;

namespace Events.Http.Files;

public static class FileEndpoints
{
    private const string Tag = "Files";

    private const string Waiting =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e71","name":"issues.csv","size":1564042,"contentType":"text/csv","sha256":null,"purpose":"upload","createdAt":"2026-11-21T09:30:00Z","state":"waiting","upload":{"method":"PUT","url":"http://localhost:5080/storage/…","headers":{"Content-Type":"text/csv"},"expiresAt":"2026-11-21T09:45:00Z"}}""";

    private const string Stored =
        """{"id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e71","name":"issues.csv","size":1564042,"contentType":"text/csv","sha256":null,"purpose":"upload","createdAt":"2026-11-21T09:30:00Z","state":"stored","download":{"url":"http://localhost:5080/storage/…","expiresAt":"2026-11-21T09:45:00Z"}}""";

    public static void MapFiles(this IEndpointRouteBuilder api)
    {
        var files = api.ServiceProvider.GetRequiredService<FileHandlers>();
        api.MapPost("/files", files.AnnounceAsync).RequirePermission(Permission.FilesWrite).Describe(new("announceFile", Tag, "Announce a file")
        {
            Description = "Send the bytes to `upload.url` with exactly `upload.method` and `upload.headers`: they go to the object store, not through the API. A file that nothing uses is deleted after a day.",
            Body = NewFile.Shape,
            Status = 201,
            Example = Waiting,
        });
        api.MapGet("/files/{id}", files.GetAsync).RequirePermission(Permission.FilesRead).Describe(new("getFile", Tag, "Look at a file")
        {
            Description = "With a link to its bytes once they are there. Exports of others take `events:read`; those from whom projects are hidden see their own files only. The link takes ranges, so an interrupted download goes on where it stopped. It is made for the call and ends soon, so the answer has no `ETag` and is not kept.",
            Example = Stored,
            Nulls = ["download"],
            IsMadeForTheCall = true,
        });
    }

    /// <summary>The local store's own addresses, outside the API.</summary>
    public static void MapStorage(this IEndpointRouteBuilder app)
    {
        var services = app.ServiceProvider;
        app.MapLocalStorage(services.GetRequiredService<LocalObjectStore>(), services.GetRequiredService<LinkSigner>())
            .AllowAnybody("The link's signature is the permission: it names one object, one method and a time.")
            .DisableRequestTimeout();
    }
}

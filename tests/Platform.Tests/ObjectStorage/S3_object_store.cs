using System.Net.Http.Headers;
using Events.Fixtures.NodeServices;
using Events.Platform.ObjectStorage;
using Xunit;

namespace Events.Platform.Tests.ObjectStorage;

public sealed class S3ServerFixture : IAsyncLifetime
{
    private S3Server? server;

    public S3ObjectStore Store { get; private set; } = null!;

    public HttpClient Client { get; } = new();

    public async ValueTask InitializeAsync()
    {
        server = await S3Server.StartAsync(TestContext.Current.CancellationToken);
        Store = new S3ObjectStore(
            new S3Options { Bucket = S3Server.Bucket, ServiceUrl = server.Url, AccessKey = S3Server.AccessKey, SecretKey = S3Server.SecretKey },
            TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Store?.Dispose();
        if (server is not null)
            await server.DisposeAsync();
    }
}

public sealed class S3_object_store(S3ServerFixture fixture) : ObjectStoreContract, IClassFixture<S3ServerFixture>
{
    protected override IObjectStore Store => fixture.Store;

    protected override async Task<HttpResponseMessage> SendAsync(PresignedRequest request, HttpContent? body, RangeHeaderValue? range)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), request.Url) { Content = body };
        foreach (var (name, value) in request.Headers)
        {
            if (body is null || !body.Headers.TryAddWithoutValidation(name, value))
                message.Headers.TryAddWithoutValidation(name, value);
        }
        message.Headers.Range = range;
        return await fixture.Client.SendAsync(message, TestContext.Current.CancellationToken);
    }
}

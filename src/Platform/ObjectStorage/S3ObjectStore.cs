using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace Events.Platform.ObjectStorage;

/// <summary>
/// Objects in a bucket of any S3-compatible service. Bodies are signed whole, part by part (no chunked signatures, which R2 does
/// not take), and addressed by path where the service wants it.
/// </summary>
public sealed class S3ObjectStore(S3Options options, TimeProvider time) : IObjectStore, IDisposable
{
    private readonly string bucket = options.Bucket ?? throw new ArgumentException("No bucket is configured.", nameof(options));
    private readonly AmazonS3Client client = Connect(options);

    public async Task<PresignedRequest> PresignUploadAsync(ObjectKey key, UploadTerms terms, TimeSpan lifetime, CancellationToken ct)
    {
        var request = Presign(key, HttpVerb.PUT, lifetime);
        request.ContentType = terms.ContentType;
        var headers = new Dictionary<string, string> { ["Content-Type"] = terms.ContentType };
        if (terms.Sha256 is { } sha256)
        {
            headers["x-amz-checksum-sha256"] = Convert.ToBase64String(Convert.FromHexString(sha256));
            request.Headers["x-amz-checksum-sha256"] = headers["x-amz-checksum-sha256"];
        }
        return new PresignedRequest("PUT", new Uri(await client.GetPreSignedURLAsync(request)), headers, time.GetUtcNow() + lifetime);
    }

    public async Task<PresignedRequest> PresignDownloadAsync(ObjectKey key, DownloadTerms terms, TimeSpan lifetime, CancellationToken ct)
    {
        var request = Presign(key, HttpVerb.GET, lifetime);
        request.ResponseHeaderOverrides.ContentDisposition = ContentDisposition.Attachment(terms.FileName);
        request.ResponseHeaderOverrides.ContentType = terms.ContentType;
        var url = new Uri(await client.GetPreSignedURLAsync(request));
        return new PresignedRequest("GET", url, new Dictionary<string, string>(), time.GetUtcNow() + lifetime);
    }

    public async Task<StoredObject?> StatAsync(ObjectKey key, CancellationToken ct)
    {
        try
        {
            var answer = await client.GetObjectMetadataAsync(bucket, key.Value, ct);
            return new StoredObject(key, answer.ContentLength, Utc(answer.LastModified));
        }
        catch (AmazonS3Exception missing) when (missing.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task<Stream?> OpenReadAsync(ObjectKey key, long offset, CancellationToken ct)
    {
        var found = await StatAsync(key, ct);
        if (found is null)
            return null;
        return offset >= found.Size
            ? Stream.Null
            : new ResumingStream(async (from, token) =>
            {
                var request = new GetObjectRequest { BucketName = bucket, Key = key.Value };
                if (from > 0)
                    request.ByteRange = new ByteRange(from, found.Size - 1);
                return (await client.GetObjectAsync(request, token)).ResponseStream;
            }, offset, found.Size);
    }

    public async Task<WrittenObject> WriteAsync(
        ObjectKey key, string contentType, Func<Stream, CancellationToken, Task> write, CancellationToken ct)
    {
        await using var upload = new S3UploadStream(client, bucket, key, contentType, options.PartBytes);
        await using var hashing = new HashingStream(upload, long.MaxValue);
        try
        {
            await write(hashing, ct);
            await upload.CompleteAsync(ct);
        }
        catch
        {
            // The caller's token may be what ended it: parts that are not removed are paid for.
            await upload.AbortAsync(CancellationToken.None);
            throw;
        }
        return new WrittenObject(hashing.Written, hashing.Sha256());
    }

    public Task DeleteAsync(ObjectKey key, CancellationToken ct) => client.DeleteObjectAsync(bucket, key.Value, ct);

    public async IAsyncEnumerable<StoredObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken ct)
    {
        var request = new ListObjectsV2Request { BucketName = bucket, Prefix = prefix.Length == 0 ? "" : prefix.TrimEnd('/') + "/" };
        ListObjectsV2Response page;
        do
        {
            page = await client.ListObjectsV2Async(request, ct);
            foreach (var found in page.S3Objects)
            {
                if (ObjectKey.TryParse(found.Key, out var key))
                    yield return new StoredObject(key, found.Size, Utc(found.LastModified));
            }
            request.ContinuationToken = page.NextContinuationToken;
        }
        while (page.IsTruncated);
    }

    public void Dispose() => client.Dispose();

    private GetPreSignedUrlRequest Presign(ObjectKey key, HttpVerb verb, TimeSpan lifetime) => new()
    {
        BucketName = bucket,
        Key = key.Value,
        Verb = verb,
        Expires = time.GetUtcNow().UtcDateTime + lifetime,
        Protocol = string.Equals(options.ServiceUrl?.Scheme, Uri.UriSchemeHttp, StringComparison.Ordinal) ? Protocol.HTTP : Protocol.HTTPS,
    };

    private static DateTimeOffset Utc(DateTime value) => new(value.ToUniversalTime(), TimeSpan.Zero);

    private static AmazonS3Client Connect(S3Options options)
    {
        var config = new AmazonS3Config { ForcePathStyle = options.PathStyle, MaxErrorRetry = 4 };
        if (options.ServiceUrl is { } url)
        {
            config.ServiceURL = url.ToString();
            config.AuthenticationRegion = options.Region ?? "us-east-1";
        }
        else
        {
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(options.Region);
        }
        return options.AccessKey is { } accessKey
            ? new AmazonS3Client(new BasicAWSCredentials(accessKey, options.SecretKey), config)
            : new AmazonS3Client(config);
    }
}

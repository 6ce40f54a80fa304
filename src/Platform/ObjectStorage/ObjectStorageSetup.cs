using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Events.Platform.ObjectStorage;

public static class ObjectStorageSetup
{
    private const int SecretBytes = 32;

    /// <summary>One <see cref="IObjectStore"/>: the bucket when one is configured, else a folder in <paramref name="dataDirectory"/>.</summary>
    public static IServiceCollection AddObjectStorage(
        this IServiceCollection services, IConfiguration configuration, Func<IServiceProvider, string> dataDirectory)
    {
        services.AddOptions<StorageOptions>().Bind(configuration.GetSection(StorageOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new LinkSigner(Secret(Folder(provider, dataDirectory)), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new LocalObjectStore(
            Folder(provider, dataDirectory), provider.GetRequiredService<LinkSigner>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IObjectStore>(provider =>
        {
            var s3 = provider.GetRequiredService<IOptions<StorageOptions>>().Value.S3;
            return string.IsNullOrEmpty(s3.Bucket)
                ? provider.GetRequiredService<LocalObjectStore>()
                : new S3ObjectStore(s3, provider.GetRequiredService<TimeProvider>());
        });
        return services;
    }

    private static string Folder(IServiceProvider provider, Func<IServiceProvider, string> dataDirectory) =>
        provider.GetRequiredService<IOptions<StorageOptions>>().Value.Path ?? Path.Combine(dataDirectory(provider), "storage");

    /// <summary>Kept beside the objects: every process on the folder signs alike, and links outlive a restart.</summary>
    private static byte[] Secret(string folder)
    {
        var path = Path.Combine(Directory.CreateDirectory(folder).FullName, "link-secret");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(RandomNumberGenerator.GetBytes(SecretBytes));
        }
        catch (IOException) when (File.Exists(path))
        {
            // Made before, by this process or another.
        }
        var secret = File.ReadAllBytes(path);
        return secret.Length == SecretBytes
            ? secret
            : throw new InvalidOperationException($"{path} does not hold {SecretBytes} bytes; delete it to have a new one made (open links stop working).");
    }
}

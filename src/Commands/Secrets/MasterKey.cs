using System.Security.Cryptography;
using System.Text;

namespace Events.Commands.Secrets;

/// <summary>
/// The installation's one secret. Everything else is derived from it for a purpose, or wrapped by what is derived, so that
/// a copy of the database alone opens nothing.
/// </summary>
public sealed class MasterKey
{
    public const int Bytes = 32;

    private readonly byte[] key;

    public MasterKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != Bytes)
            throw new ArgumentException($"A master key has {Bytes} bytes.", nameof(key));
        this.key = key.ToArray();
    }

    public byte[] Derive(string purpose) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, Bytes, salt: null, info: Encoding.UTF8.GetBytes($"events/1/{purpose}"));

    /// <summary>Tells two master keys apart without telling anything of either.</summary>
    public byte[] Fingerprint() => Derive("fingerprint");

    /// <param name="configured">Base64 of 32 bytes, or null to use the file.</param>
    /// <param name="file">Made with a random key, readable by its owner only, when it is not there.</param>
    /// <exception cref="InvalidOperationException">The configured value or the file holds no key.</exception>
    public static MasterKey Load(string? configured, string file)
    {
        if (!string.IsNullOrWhiteSpace(configured))
            return Parse(configured, "The configured Events:Identity:MasterKey");
        if (!File.Exists(file))
            Create(file);
        return Parse(File.ReadAllText(file), $"The file {file}");
    }

    private static MasterKey Parse(string text, string source)
    {
        var bytes = new byte[Bytes];
        return Convert.TryFromBase64String(text.Trim(), bytes, out var length) && length == Bytes
            ? new(bytes)
            : throw new InvalidOperationException($"{source} is not the base64 of {Bytes} bytes.");
    }

    // Written beside and then linked into place: two processes that start at once agree on the one that was first.
    private static void Create(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var fresh = $"{file}.{Guid.NewGuid():N}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(fresh, options))
        {
            stream.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes))));
            stream.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(fresh, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(fresh);
        }
    }
}

import image from './roomful.svg';

/** The product's mark with its name. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 8, fontWeight: 650, letterSpacing: '-0.01em' }}>
      <img src={image} alt="" width={size} height={size} />
      Roomful
    </span>
  );
}

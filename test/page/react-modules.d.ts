// React brings no types of its own, and one small page is no reason to install them.
declare module 'react';
declare module 'react-dom/client';
